/**
 * Personal data, hidden where the configuration asks for it (`redact.pii: on`): e-mail addresses,
 * phone numbers, IBANs and card numbers. What has a check digit is checked, so that ids and
 * timestamps stand.
 */
import { hasDistinct, type Rule } from "./rule.ts";

/** ISO 13616: letters are 10–35, the first four characters go last, the whole is 1 modulo 97. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(" ", "");
  if (compact.length < 15 || compact.length > 34) return false;
  let rest = 0;
  for (const c of compact.slice(4) + compact.slice(0, 4)) {
    const value = Number.parseInt(c, 36);
    rest = (rest * (value > 9 ? 100 : 10) + value) % 97;
  }
  return rest === 1;
}

/** ISO/IEC 7812-1 annex B (Luhn), and a length that the leading digit allows. */
function isCardNumber(text: string): boolean {
  const digits = text.replace(/[ -]/g, "");
  if (
    !/^(?:4\d{12}(?:\d{3}){0,2}|5\d{15}|2[2-7]\d{14}|3[04-9]\d{12,14}|6\d{15,18})$/.test(digits)
  ) {
    return false;
  }
  if (new Set(digits).size < 2) return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i += 1) {
    const digit = Number(digits[digits.length - 1 - i]);
    sum += i % 2 === 0 ? digit : digit * 2 - (digit > 4 ? 9 : 0);
  }
  return sum % 10 === 0;
}

const hasPhoneLength = (text: string): boolean => {
  if (!hasDistinct(text, 4)) return false;
  const digits = text.replace(/\D/g, "");
  return digits.length >= 8 && digits.length <= 15;
};

/** Fewer than three digits for two groups: columns of a table, not a number that somebody dials. */
const isRowOfDigits = (text: string): boolean =>
  text.replace(/\D/g, "").length * 2 < text.split(/[ .-]/).length * 3;

export const PII_RULES: readonly Rule[] = [
  {
    name: "email",
    anchors: ["@"],
    pattern:
      /(?<![A-Za-z0-9._%+-])[A-Za-z0-9._%+-]{1,64}@(?:[A-Za-z0-9-]{1,63}\.){1,4}[A-Za-z]{2,24}(?![A-Za-z0-9-])/g,
  },
  {
    name: "phone",
    anchors: ["+"],
    // Digit by digit, so that no digits can be divided into groups in more than one way. Where more
    // follow than a number has, it ends with the last group that fits.
    pattern: /(?<![\w+.-])\+[1-9](?:[ .-]?\(?\d\)?){7,14}(?!\w)/g,
    accept: (text) => hasPhoneLength(text) && !isRowOfDigits(text),
  },
  {
    name: "phone",
    anchors: [],
    // Without a country code only forms that nothing else is written in: (02) 2345-6789, 0912-345-678.
    pattern:
      /(?<![\w+.-])(?:\(\d{2,4}\) ?\d{3,4}[ -]\d{3,4}|0\d{1,3}-\d{3,4}-\d{3,4}|[2-9]\d{2}-[2-9]\d{2}-\d{4})(?![\w-])/g,
    accept: hasPhoneLength,
  },
  {
    name: "iban",
    anchors: [],
    pattern:
      /(?<![A-Za-z0-9])[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,3})?(?![A-Za-z0-9])/g,
    accept: isIban,
  },
  {
    name: "card-number",
    anchors: [],
    pattern:
      /(?<![\w.-])[2-6]\d{3}(?:[ -]?\d{4}){2}[ -]?\d{1,7}(?![\w])|(?<![\w.-])3\d{3}[ -]?\d{6}[ -]?\d{4,5}(?![\w])/g,
    accept: isCardNumber,
  },
];
