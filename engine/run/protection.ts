// Which targets are protected, and by which rule: judged by the attributes that the family's reader gives of the target
// and of everybody it belongs to.
import type { Described, DescribedTargets, Target } from '../action.ts';
import { messageOf } from '../errors.ts';
import { isJsonObject, type Json, type JsonObject, jsonEquals } from '../json.ts';
import type { ProtectRules } from './rules.ts';

/** A session belongs to a user, who may belong to an organisation; deeper than this nothing is followed. */
const MOST_OWNERS = 8;
const EMAIL_ATTRIBUTES = ['email', 'emails'];

export interface ProtectionOptions {
  readonly rules: ProtectRules;
  readonly describe: (kind: string, ids: readonly string[]) => Promise<DescribedTargets>;
  /** Aborted: a reader that fails says nothing of its targets. */
  readonly stop: AbortSignal;
}

/** By target id: why it must not be touched. Those that may be are absent. */
export type Verdicts = ReadonlyMap<string, string>;

/** Nothing is protected. */
export function hasNoRules({ ids, emails, domains, metadata, operator }: ProtectRules): boolean {
  return [ids, emails, domains, metadata, operator?.ids ?? [], operator?.emails ?? []].every(
    (list) => list.length === 0,
  );
}

function hasAttributeRules({ emails, domains, metadata, operator }: ProtectRules): boolean {
  return [emails, domains, metadata, operator?.emails ?? []].some((list) => list.length > 0);
}

/** One target on its way up the chain of its owners. */
interface Climber {
  /** The target that was asked about. */
  readonly id: string;
  readonly at: Target;
}

/**
 * Judges targets with their owners, level by level, each kind read in one go. With rules about ids alone, what cannot be
 * read is judged by the ids that are known; else it counts as protected, unless it is of a kind that nothing reads and
 * that the rules are not about (a node, a service).
 * @throws the reason of `stop` where it is aborted meanwhile.
 */
export async function judgeTargets(options: ProtectionOptions, targets: readonly Target[]): Promise<Verdicts> {
  const { rules } = options;
  const verdicts = new Map<string, string>();
  if (hasNoRules(rules)) return verdicts;
  const ids = protectedIds(rules);
  const mustRead = hasAttributeRules(rules);
  const kinds = new Set(['user', ...(rules.kinds ?? [])]);
  // What the action has read of it is enough where its owner is judged too; never of what the rules are about.
  const isJudgedByOwner = ({ kind, owner, attributes }: Target): boolean =>
    !kinds.has(kind) && owner !== undefined && attributes !== undefined;
  let level: readonly Climber[] = targets.map((target) => ({ id: target.id, at: target }));
  for (let depth = 0; level.length > 0 && depth < MOST_OWNERS; depth += 1) {
    const next = new Map<string, Climber>();
    const read = await readLevel(
      options,
      level.filter(({ at }) => !isJudgedByOwner(at)),
    );
    for (const { id, at } of level) {
      if (verdicts.has(id)) continue;
      const known = read.get(at.kind);
      const described = known?.targets.get(at.id);
      const attributes = { ...described?.attributes };
      const isRead = described !== undefined && described !== null;
      const isReadable = known?.failure !== undefined || known?.targets.has(at.id) === true;
      const isClear = isRead || !mustRead || isJudgedByOwner(at) || (!kinds.has(at.kind) && !isReadable);
      const verdict =
        ids.get(at.id) ??
        ruleFor(rules, at.attributes) ??
        ruleFor(rules, attributes) ??
        (isClear ? undefined : unreadable(at, known?.failure));
      if (verdict !== undefined) verdicts.set(id, nameOf(verdict, id, at));
      else for (const owner of ownersOf(at, described)) next.set(JSON.stringify([id, owner]), { id, at: owner });
    }
    level = [...next.values()];
  }
  for (const { id, at } of level)
    if (!verdicts.has(id)) verdicts.set(id, nameOf(`it has more than ${MOST_OWNERS} owners`, id, at));
  return verdicts;
}

interface KindRead {
  readonly targets: DescribedTargets;
  readonly failure?: string;
}

async function readLevel(
  { describe, stop }: ProtectionOptions,
  level: readonly Climber[],
): Promise<ReadonlyMap<string, KindRead>> {
  const wanted = new Map<string, Set<string>>();
  for (const { at } of level) {
    const ids = wanted.get(at.kind);
    if (ids) ids.add(at.id);
    else wanted.set(at.kind, new Set([at.id]));
  }
  const read = new Map<string, KindRead>();
  for (const [kind, ids] of wanted) {
    try {
      read.set(kind, { targets: await describe(kind, [...ids]) });
    } catch (thrown) {
      stop.throwIfAborted();
      read.set(kind, { targets: new Map(), failure: messageOf(thrown) });
    }
  }
  return read;
}

/** Whom the action names, and whom the reader names where that is somebody else: either protects it. */
function ownersOf(at: Target, described: Described | null | undefined): readonly Target[] {
  const [named, read] = [at.owner, described?.owner];
  if (named === undefined || read === undefined) return [named, read].filter((owner) => owner !== undefined);
  return named.kind === read.kind && named.id === read.id ? [named] : [named, read];
}

function protectedIds({ ids, operator }: ProtectRules): ReadonlyMap<string, string> {
  return new Map([
    ...(operator?.ids ?? []).map((id) => [id, "it is an operator's own account"] as const),
    ...ids.map((id) => [id, 'its id is protected'] as const),
  ]);
}

/** The first rule that these attributes match, as an error says it. */
function ruleFor(rules: ProtectRules, attributes: JsonObject | undefined): string | undefined {
  if (attributes === undefined) return undefined;
  for (const email of emailsOf(attributes)) {
    if (rules.emails.includes(email)) return 'its e-mail address is protected';
    if (rules.operator?.emails.includes(email)) return "it is an operator's own account";
    const domain = rules.domains.find((one) => email.endsWith(`@${one}`));
    if (domain !== undefined) return `e-mail addresses at ${domain} are protected`;
  }
  const rule = rules.metadata.find(({ path, equals }) => holds(valueAt(attributes, path), equals));
  return rule && `${rule.path} is ${JSON.stringify(rule.equals)}`;
}

function emailsOf(attributes: JsonObject): readonly string[] {
  return EMAIL_ATTRIBUTES.flatMap((name) => attributes[name] ?? []).flatMap((one) =>
    typeof one === 'string' ? [one.trim().toLowerCase()] : [],
  );
}

function valueAt(attributes: JsonObject, path: string): Json | undefined {
  let value: Json | undefined = attributes;
  for (const name of path.split('.')) {
    if (!isJsonObject(value) || !Object.hasOwn(value, name)) return undefined;
    value = value[name];
  }
  return value;
}

function holds(value: Json | undefined, equals: Json): boolean {
  if (value === undefined) return false;
  return jsonEquals(value, equals) || (Array.isArray(value) && value.some((one: Json) => jsonEquals(one, equals)));
}

function unreadable({ kind }: Target, failure: string | undefined): string {
  const why = failure === undefined ? `nothing reads attributes of this ${kind}` : `reading them failed: ${failure}`;
  return `its attributes are not known, so it counts as protected (${why})`;
}

function nameOf(rule: string, id: string, at: Target): string {
  const whose = at.id === id ? '' : `of its owner, ${at.kind} ${at.id}: `;
  return `protected: ${whose}${rule}`;
}
