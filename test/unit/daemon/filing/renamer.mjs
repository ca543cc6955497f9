/** Renames areas, categories and IDs of a tree at random until it is killed; says how often. */
import { readdirSync, renameSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as pause } from "node:timers/promises";

const [captures, pauseMs] = [process.argv[2], Number(process.argv[3])];
const numbers = ["10-19", "11", "11.11", "11.12", "11.13", "00-09", "00", "00.00", "00.01"];
let count = 0;

function find(number) {
  let folder = captures;
  const levels = [
    number.length === 5 && number[2] === "-" ? number : `${number[0]}0-${number[0]}9`,
  ];
  if (!number.includes("-")) levels.push(number.slice(0, 2));
  if (number.includes(".")) levels.push(number);
  for (const level of levels) {
    const name = readdirSync(folder).find((each) => each.startsWith(`${level} `));
    if (name === undefined) return null;
    folder = join(folder, name);
  }
  return folder;
}

for (;;) {
  for (const number of numbers) {
    try {
      const path = find(number);
      if (path !== null) {
        renameSync(
          path,
          join(path, "..", `${number} ${count % 3 === 0 ? "One" : `Two ${count % 7}`}`),
        );
        count++;
      }
    } catch {
      // It lost a race, or met two folders of one number: the test will say.
    }
    process.send?.(count);
    await pause(pauseMs);
  }
}
