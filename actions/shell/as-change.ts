// One command as one change in the ledger, with its output kept there: a step that is resumed after the command ran
// still has an output.
import {
  type ActionContext,
  ChangeRefused,
  type ChangeResult,
  type JsonObject,
  PermanentFailure,
  slowDigest,
} from '../../engine/action.ts';
import { type Command, CommandFailure, type Ran, runCommand } from './command.ts';

/** What a change's record may hold of the output. */
const MAX_KEPT_CHARACTERS = 65_536;

/** `confirmed`: a person found out that it was done; what it wrote is not known. */
export type Done = { readonly kind: 'ran'; readonly ran: Ran } | { readonly kind: 'planned' | 'confirmed' };

/** @throws PermanentFailure, Error, Paused */
export async function runAsChange(
  ctx: ActionContext,
  command: Command,
  { isIdempotent }: { readonly isIdempotent: boolean },
): Promise<Done> {
  const { name, program, args, options } = command;
  const { kind, id } = ctx.target ?? { kind: 'command', id: [name, ...args].join(' ') };
  let ran: Ran | undefined;
  let failure: CommandFailure | undefined;
  const spec = {
    kind,
    verb: 'run',
    // With the digest of a script: the ledger says what was run, whatever the file holds later. And with one of what it was
    // given: a command that somebody edited is another one.
    after: {
      commandRan: name,
      digest: await slowDigest([args, options.input ?? null], `${ctx.run.id} ${ctx.run.step}`),
      ...(program.script === undefined ? {} : { sha256: program.script.sha256 }),
    },
    targets: [{ id }],
    idempotent: isIdempotent,
  };
  const [result] = await ctx.changes(spec, async ([target]) => {
    if (target?.id !== id) return leftAlone(target?.id);
    try {
      ran = await runCommand(ctx, command);
    } catch (thrown) {
      if (!(thrown instanceof CommandFailure)) throw thrown;
      failure = thrown;
      throw thrown.isHarmless ? new ChangeRefused(thrown.message, { cause: thrown }) : thrown;
    }
    return new Map([[id, { outcome: 'done', detail: toDetail(ran) } as const]]);
  });
  switch (result?.outcome) {
    case 'planned':
      return { kind: 'planned' };
    case 'done':
    case 'already':
      return ran === undefined ? recorded(ctx, result, name) : { kind: 'ran', ran };
    case 'unknown': {
      const message = `It is not known what ${name} did to ${kind} ${id}${why(result)}`;
      // Run before perhaps, and not to be started now: starting it once more tells nothing new.
      throw failure?.isNotStarted === true ? new PermanentFailure(message) : new Error(message);
    }
    default: {
      if (failure?.isNotStarted === true) throw new PermanentFailure(failure.message, { cause: failure });
      const message = `${name} did nothing to ${kind} ${id} (${result?.outcome ?? 'no result'})${why(result)}`;
      throw failure === undefined ? new PermanentFailure(message) : new Error(message);
    }
  }
}

/** What an earlier attempt left open on another target (its inputs were edited since): this command is not for that. */
function leftAlone(id: string | undefined) {
  const error = 'run for another target by an earlier attempt; not run again';
  return id === undefined ? undefined : new Map([[id, { outcome: 'unknown', error } as const]]);
}

function why(result: ChangeResult | undefined): string {
  return result?.error === undefined ? '' : `: ${result.error}`;
}

function toDetail(ran: Ran): JsonObject {
  const { exitCode, durationMs, isTruncated, stdout, stderr } = ran;
  const isKept = stdout.length + stderr.length <= MAX_KEPT_CHARACTERS;
  return { exitCode, durationMs, isTruncated, ...(isKept ? { stdout, stderr } : {}) };
}

function recorded(ctx: ActionContext, result: ChangeResult, name: string): Done {
  const { exitCode, durationMs, isTruncated, stdout, stderr } = result.detail ?? {};
  if (typeof exitCode !== 'number') {
    ctx.log(`${name}: recorded as done without a result; its exit code and output are not known`);
    return { kind: 'confirmed' };
  }
  if (typeof stdout !== 'string' || typeof stderr !== 'string') {
    throw new PermanentFailure(
      `${name} has run, but its output was more than the ledger keeps of a change. Mark the step as done by hand`,
    );
  }
  ctx.log(`${name}: run by an earlier attempt; its recorded output is used`);
  const ran = {
    exitCode,
    stdout,
    stderr,
    isTruncated: isTruncated === true,
    durationMs: typeof durationMs === 'number' ? durationMs : 0,
  };
  return { kind: 'ran', ran };
}
