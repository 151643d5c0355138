// How the reader calls this program. Hints and next commands are written as `runbook …` everywhere; this is the one place
// where they become what can be typed: started through npx, `runbook` alone is not on the PATH.
// Applied where words are printed (terminal.ts). JSON and Markdown, which hold what others wrote, are left as they are.

const COMMANDS =
  'resume|done|approve|note|status|runs|report|evidence|retry|skip|abort|run|drill|sandbox|list|show|validate|undo|changes|settle|plan|graph|actions|init|new|verify|export|import|redact|prune|doctor';
const CALL = new RegExp(`(^|(?<!\\bnpx)\\s)runbook (?=(?:${COMMANDS})\\b|--help\\b)`, 'gm');
const DATA = /^[{[#]/;

type Env = { readonly [name: string]: string | undefined };

/** Source: npm sets npm_command to `exec` for `npx` and `npm exec`. */
function isStartedByNpx(env: Env): boolean {
  return env.npm_command === 'exec';
}

/** The same words with the commands as this reader types them. */
export function withCommandName(text: string, env: Env): string {
  if (!isStartedByNpx(env) || DATA.test(text)) return text;
  return text.replace(CALL, '$1npx runbook ');
}
