// Ids that carry what they belong to, so that nothing is held and no table is searched. Shapes of Clerk Backend API 2026-05-12:
// `ak_` and `mt_` with 32 hexadecimal digits, `org_` and `mch_` with 27 word characters.
import { draw, fromWord, randomWord, SHUFFLE_SIZE, STREAM, shuffle, toWord, unshuffle } from '../random.ts';

const INDEX_LENGTH = 5;
/** First digit of a hexadecimal id: whose it is. */
export const HEX_KINDS = { user: 0, organization: 1, machine: 2, added: 3 } as const;
type HexKind = keyof typeof HEX_KINDS;
const HEX_STREAMS: { readonly [kind in HexKind]: number } = {
  user: STREAM.apiKey,
  organization: STREAM.apiKey,
  machine: STREAM.machineToken,
  added: STREAM.apiKey,
};

/** 32 hexadecimal digits: kind, owner (28 shuffled bits), place among the owner's (12 bits), and 21 digits that prove them. */
export function hexOf(seed: number, kind: HexKind, owner: number, place: number): string {
  const stream = HEX_STREAMS[kind];
  const head = `${HEX_KINDS[kind]}${hex(shuffle(owner, seed, stream), 7)}${hex(place, 3)}`;
  const proof = [0, 1, 2].map((part) => hex(draw(seed, stream, owner, (HEX_KINDS[kind] * 4096 + place) * 4 + part), 8));
  return `${head}${proof.join('').slice(0, 21)}`;
}

function hex(value: number, length: number): string {
  return value.toString(16).padStart(length, '0');
}

export function readHex(seed: number, kind: HexKind, digits: string): { owner: number; place: number } | undefined {
  if (!/^[0-9a-f]{32}$/.test(digits) || digits[0] !== String(HEX_KINDS[kind])) return undefined;
  const owner = unshuffle(Number.parseInt(digits.slice(1, 8), 16), seed, HEX_STREAMS[kind]);
  const place = Number.parseInt(digits.slice(8, 11), 16);
  return hexOf(seed, kind, owner, place) === digits ? { owner, place } : undefined;
}

/** As ids of users are made: the shuffled index, and characters that only this seed and index give. */
export function wordId(prefix: string, seed: number, stream: number, index: number): string {
  return `${prefix}_2${toWord(shuffle(index, seed, stream), INDEX_LENGTH)}${randomWord(21, seed, stream, index, 1)}`;
}

export function readWordId(prefix: string, seed: number, stream: number, id: string): number | undefined {
  const start = prefix.length + 2;
  if (!id.startsWith(`${prefix}_2`) || id.length !== start + INDEX_LENGTH + 21) return undefined;
  const shuffled = fromWord(id.slice(start, start + INDEX_LENGTH));
  if (shuffled === undefined || shuffled >= SHUFFLE_SIZE) return undefined;
  const index = unshuffle(shuffled, seed, stream);
  return wordId(prefix, seed, stream, index) === id ? index : undefined;
}

export function within(index: number | undefined, count: number): number | undefined {
  return index !== undefined && index < count ? index : undefined;
}
