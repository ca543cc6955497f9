/** For inside.sh: COUNT requests, one every EVERY ms, each on a connection of its own. */
import { request } from "node:http";

const [count, everyMs] = process.argv.slice(2).map(Number);

function once() {
  return new Promise((done) => {
    const call = request(
      { host: "127.0.0.1", port: 4177, path: "/slow/now", agent: false, timeout: 30_000 },
      (answer) => {
        let text = "";
        answer.on("data", (chunk) => {
          text += chunk;
        });
        answer.on("end", () => done(answer.statusCode === 200 && text === "now\n" ? null : text));
        answer.on("error", (error) => done(error.message));
      },
    );
    call.on("timeout", () => call.destroy(new Error("timeout")));
    call.on("error", (error) => done(error.message));
    call.end();
  });
}

const all = [];
for (let i = 0; i < count; i++) {
  all.push(once());
  await new Promise((next) => setTimeout(next, everyMs));
}
const faults = (await Promise.all(all)).filter((fault) => fault !== null);
console.log(`${count - faults.length} of ${count} connections served ${faults[0] ?? ""}`.trim());
