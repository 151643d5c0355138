#!/usr/bin/env node
// The one file that must parse on any Node: it refuses an old one before anything is imported
// (better-sqlite3's binary crashes there instead of failing).
var needed = [22, 18];
var running = process.versions.node.split('.').map(Number);
if (running[0] < needed[0] || (running[0] === needed[0] && running[1] < needed[1])) {
  process.stderr.write(
    'runbook needs Node ' +
      needed.join('.') +
      ' or newer; this is Node ' +
      process.versions.node +
      ' (' +
      process.execPath +
      '). Install a newer Node, or run it through npx in a project that pins one.\n',
  );
  process.exit(2);
} else {
  keepCompiledCode()
    .then(() => import('../dist/engine/cli/main.js'))
    .then(
      (cli) => cli.main(process.argv.slice(2)),
      (error) => {
        process.stderr.write(
          `runbook could not start: ${error.message}\nIf this is a checkout, build it first: npm ci\n`,
        );
        process.exit(2);
      },
    );
}

/**
 * Compiled code is kept in the user's own cache folder, which spares a third of the start. Not in Node's default place, a
 * folder that all users of the machine share. Where it cannot be written, nothing is kept and nothing is said.
 */
async function keepCompiledCode() {
  const [{ enableCompileCache }, { join }] = await Promise.all([import('node:module'), import('node:path')]);
  const { XDG_CACHE_HOME, HOME, LOCALAPPDATA } = process.env;
  const caches = XDG_CACHE_HOME || LOCALAPPDATA || (HOME && join(HOME, '.cache'));
  if (caches) enableCompileCache(join(caches, 'runbook'));
}
