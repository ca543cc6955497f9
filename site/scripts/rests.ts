/**
 * The middle of long texts, put back when the reader asks for it: one small file a page, fetched
 * once, set as text.
 */
import { fetchChunk } from "./chunk.ts";
import { visible } from "./visible.ts";

let texts: Promise<string[]> | null = null;

/** Makes every "show all" work. */
export function startRests(): void {
  const place = document.querySelector<HTMLElement>("[data-rests]");
  if (!place) return;
  for (const button of place.querySelectorAll<HTMLButtonElement>("[data-rest]")) {
    button.hidden = false;
    button.addEventListener("click", () => void put(place, button));
  }
}

async function put(place: HTMLElement, button: HTMLButtonElement): Promise<void> {
  texts ??= fetchChunk<string[]>(place.dataset.rests ?? "").then(({ value }) => value);
  try {
    const text = (await texts)[Number(button.dataset.rest)];
    if (text === undefined) return;
    const rest = document.createElement("span");
    rest.textContent = visible(text);
    rest.tabIndex = -1;
    button.closest(".omitted")?.replaceWith(rest);
    rest.focus({ preventScroll: true });
  } catch {
    texts = null;
    button.textContent = place.dataset.failed ?? "";
  }
}
