/**
 * What every page gets on top of reading: keys, links that work from a disk, sortable tables, raw
 * bytes, and in `up` a page that refreshes itself. Without it every page still reads.
 */
import { startRaw } from "./raw.ts";
import { startRests } from "./rests.ts";

const { root = "./", live } = (document.currentScript as HTMLScriptElement | null)?.dataset ?? {};

startKeys();
startRaw();
startRests();
startSorting();
if (location.protocol === "file:") linkFiles();
if (live) void watchForNews();

function startKeys(): void {
  const go = (selector: string) => document.querySelector<HTMLAnchorElement>(selector)?.click();
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if ((event.target as Element).closest("input, textarea, select")) return;
    const key = event.key;
    if (key === "j") step("[data-key]", 1);
    else if (key === "k") step("[data-key]", -1);
    else if (key === "]") step("[data-turn]", 1);
    else if (key === "[") step("[data-turn]", -1);
    else if (key === "/") go('a[href*="search/"]');
    else if (key === "d")
      current("[data-turn]")?.querySelector<HTMLAnchorElement>("[data-diff]")?.click();
    else if (key === "?") toggleHelp();
    else return;
    event.preventDefault();
  });
}

/** The element that was stepped to, else the first in sight. */
function current(selector: string): HTMLElement | null {
  const focused = document.activeElement?.closest<HTMLElement>(selector);
  if (focused) return focused;
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  return all.find((element) => element.getBoundingClientRect().bottom > 80) ?? null;
}

function step(selector: string, by: number): void {
  const all = [...document.querySelectorAll<HTMLElement>(selector)];
  const focused = document.activeElement?.closest<HTMLElement>(selector);
  const at = focused ? all.indexOf(focused) + by : all.indexOf(current(selector) ?? all[0]!);
  const next = all[Math.max(0, Math.min(all.length - 1, at))];
  if (!next) return;
  const link = next.querySelector<HTMLElement>("a[href]");
  (link ?? next).focus({ preventScroll: true });
  next.scrollIntoView({ block: "nearest" });
  if (selector === "[data-turn]") {
    next.scrollIntoView({ block: "start" });
    history.replaceState(null, "", `#${next.id}`);
  }
}

function toggleHelp(): void {
  const keys = document.getElementById("keys");
  if (!keys) return;
  const help = keys.dataset.more ?? "";
  keys.dataset.more = keys.textContent ?? "";
  keys.textContent = help;
  keys.tabIndex = -1;
  keys.focus();
}

/** A disk has no index pages: name them. */
function linkFiles(): void {
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[href]")) {
    const href = link.getAttribute("href") ?? "";
    const match = /^([^#?:]*\/)(#.*)?$/.exec(href);
    if (match) link.setAttribute("href", `${match[1]}index.html${match[2] ?? ""}`);
  }
}

function startSorting(): void {
  for (const table of document.querySelectorAll<HTMLTableElement>("[data-sortable]")) {
    const body = table.tBodies[0];
    if (!body) continue;
    [...table.tHead!.rows[0]!.cells].forEach((cell, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.className = "sort";
      button.textContent = cell.textContent;
      cell.replaceChildren(button);
      button.addEventListener("click", () => {
        const falling = cell.getAttribute("aria-sort") === "ascending";
        for (const other of table.tHead!.rows[0]!.cells) other.removeAttribute("aria-sort");
        cell.setAttribute("aria-sort", falling ? "descending" : "ascending");
        const rows = [...body.rows].sort((a, b) =>
          order(cellValue(a, column), cellValue(b, column)),
        );
        body.append(...(falling ? rows.reverse() : rows));
      });
    });
  }
}

function cellValue(row: HTMLTableRowElement, column: number): string {
  const cell = row.cells[column]!;
  return cell.dataset.value ?? cell.textContent ?? "";
}

function order(a: string, b: string): number {
  const [x, y] = [Number(a), Number(b)];
  if (a !== "" && b !== "" && !Number.isNaN(x) && !Number.isNaN(y)) return x - y;
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Reloads when the site was built anew; stops at once where nobody writes the stamp. */
async function watchForNews(): Promise<void> {
  let stamp: string | null = null;
  for (;;) {
    try {
      const response = await fetch(`${root}_live.json`, { cache: "no-store" });
      if (!response.ok) return;
      const now = await response.text();
      if (stamp !== null && now !== stamp) location.reload();
      stamp = now;
    } catch {
      // The server is away, perhaps being started again.
    }
    await new Promise((resolve) => setTimeout(resolve, document.hidden ? 8000 : 1500));
  }
}
