/** Names the built-in rules as a whole: another digest, and captures may hold what these would find. */
import { hash } from "node:crypto";
import { isCredentialHeader, isCredentialMember } from "./credential-names.ts";
import { BUILT_IN_RULES } from "./rule-set.ts";

/** Names that stand for the rules by name: where the verdict on one changes, the rules did. */
const NAMES =
  "authorization x-api-key x-rapidapi-key x-litellm-key x-portkey-virtual-key x-bf-vk x-auth cookie " +
  "dd-application-key x-session-id x-request-id idempotency-key key k code sig access_token nonce";

export function rulesDigest(): string {
  const rules = BUILT_IN_RULES.map(({ name, anchors, pattern, find }) => [
    name,
    anchors,
    pattern === undefined ? String(find) : String(pattern),
  ]);
  const names = NAMES.split(" ").map((name) => [
    isCredentialHeader(name),
    isCredentialMember(name),
  ]);
  return hash("sha256", JSON.stringify([rules, names]), "hex").slice(0, 16);
}
