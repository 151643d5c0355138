// Who types: --as, RUNBOOK_OPERATOR, git's user.email, the system's user; the first that is there.
import { execFileSync } from 'node:child_process';
import { userInfo } from 'node:os';

export function findOperator(options: {
  readonly as?: string | undefined;
  readonly env: { readonly [name: string]: string | undefined };
  readonly cwd: string;
}): string {
  const named = options.as ?? options.env.RUNBOOK_OPERATOR;
  if (named !== undefined && named.trim() !== '') return named.trim();
  return gitEmail(options.cwd) ?? userInfo().username;
}

function gitEmail(cwd: string): string | null {
  try {
    const text = execFileSync('git', ['config', 'user.email'], {
      cwd,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
      timeout: 2000,
    });
    return text.trim() === '' ? null : text.trim();
  } catch {
    // No git, or no address set there.
    return null;
  }
}
