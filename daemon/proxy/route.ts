/**
 * Reads a request target: token, number, upstream name, and what is left for the upstream.
 *
 *   /[~TOKEN/][NN.NN/]<upstream>/<what the client expects>
 *
 * Invariants: pure string work on the bytes as sent; what is left keeps its percent-encoding,
 * colons and query exactly; nothing the client writes can choose a host or leave the upstream's
 * base path. `new URL(path, base)` has no place here: `//evil` would switch the host.
 */

export type Route =
  | { readonly kind: "own"; readonly path: string; readonly token: string | null }
  | {
      readonly kind: "upstream";
      readonly upstream: string | null;
      readonly number: string | null;
      readonly token: string | null;
      /** Begins with `/` or `?`, or is empty. */
      readonly rest: string;
    }
  | { readonly kind: "refused"; readonly why: string };

const NUMBER = /^\d\d\.\d\d$/;

/** `names` tells whether a segment is the name of an upstream. */
export function readRoute(target: string, names: (segment: string) => boolean): Route {
  const why = refusal(target);
  if (why !== null) return { kind: "refused", why };
  let rest = target;
  let token: string | null = null;
  let number: string | null = null;
  let segment = firstSegment(rest);
  if (segment.startsWith("~")) {
    token = decodeSegment(segment.slice(1));
    rest = rest.slice(segment.length + 1);
    segment = firstSegment(rest);
  }
  if (segment === "-") {
    return { kind: "own", path: rest.slice(2).split("?", 1)[0] as string, token };
  }
  if (NUMBER.test(segment)) {
    number = segment;
    rest = rest.slice(segment.length + 1);
    segment = firstSegment(rest);
  }
  if (!names(segment)) return { kind: "upstream", upstream: null, number, token, rest };
  return {
    kind: "upstream",
    upstream: segment,
    number,
    token,
    rest: rest.slice(segment.length + 1),
  };
}

function firstSegment(path: string): string {
  const end = path.slice(1).search(/[/?]/);
  return end === -1 ? path.slice(1) : path.slice(1, end + 1);
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment);
  } catch {
    return segment;
  }
}

/** Why a target is not even looked at; null where it is plain. */
function refusal(target: string): string | null {
  if (target === "*") return "the target * asks for the server, not for a path";
  if (!target.startsWith("/")) return "the target names a host of its own";
  const query = target.indexOf("?");
  const path = query === -1 ? target : target.slice(0, query);
  if (/[\x00-\x20\x7f-\uffff]/.test(target)) return "the target holds a byte that must be encoded";
  if (/^\/[/\\]|^\/%(?:2f|5c)/i.test(path)) return "the path begins like a host";
  if (path.includes("\\")) return "the path holds a backslash";
  if (path.includes("#")) return "the path holds a fragment";
  if (/%00/i.test(target)) return "the target holds an encoded NUL";
  if (/^\/[^/]*@/.test(path)) return "the first segment holds an @";
  // Dots may be written plainly, encoded once or encoded twice, the slashes beside them likewise.
  if (
    /(?:^|[/\\]|%(?:25)?(?:2f|5c))(?:\.|%(?:25)?2e){1,2}(?:$|[/\\;]|%(?:25)?(?:2f|5c))/i.test(path)
  ) {
    return "the path climbs out of its folder";
  }
  return null;
}

/**
 * The path for the upstream: its base path, then what the client sent. An empty rest stays empty
 * behind a base path and becomes `/` else, since a request line needs one.
 */
export function targetPath(basePath: string, rest: string): string {
  const path = basePath + rest;
  if (path === "") return "/";
  return path.startsWith("?") ? `/${path}` : path;
}
