/**
 * Whether the model that served is the one that was asked for.
 *
 * What always holds: only a plain mismatch is one. Vendors prefix, date and number their models
 * (`gpt-4o` is served by `gpt-4o-2024-08-06`), routers are asked for "auto", deployments bear names
 * of their own: none of these is a mismatch.
 */

/** True where both name one model, or where it cannot be known. */
export function sameModel(asked: string, served: string): boolean {
  const [a, b] = [plain(asked), plain(served)];
  if (a === "" || b === "" || FLOATING.test(a)) return true;
  return undated(a) === undated(b);
}

/** Names that stand for whatever is current or chosen. */
const FLOATING = /(^|[-/])(auto|default|latest|router)($|-)|model-router/;

/** Without vendor, region, gateway suffixes and file endings, in one spelling. */
function plain(name: string): string {
  return (name.split(/[/\\]/).at(-1) ?? "")
    .toLowerCase()
    .replace(
      /^((us|eu|apac|global|us-gov)\.)?(anthropic|amazon|meta|mistral|cohere|deepseek|ai21|openai|qwen)\./,
      "",
    )
    .replace(/\.gguf$/, "")
    .replace(/:(free|nitro|floor|extended|thinking|online|beta|exacto|latest|cloud)$/, "")
    .replace(/[._]/g, "-");
}

/** Without what vendors append for one dated or numbered build. */
function undated(name: string): string {
  let bare = name;
  for (;;) {
    const shorter = bare.replace(BUILD, "");
    if (shorter === bare || shorter === "") return bare;
    bare = shorter;
  }
}

const BUILD =
  /([-@](20\d\d-?\d\d-?\d\d|\d\d-20\d\d|\d\d-\d\d|\d{4}|\d{8}|0\d{1,2}|0|latest|preview|exp|experimental|stable|ga)|-v\d+(:\d+)?|:\d+|-maas)$/;
