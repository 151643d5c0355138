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
  import('../dist/engine/cli/main.js').then(
    (cli) => cli.main(process.argv.slice(2)),
    (error) => {
      process.stderr.write(
        `runbook could not start: ${error.message}\nIf this is a checkout, build it first: npm ci\n`,
      );
      process.exit(2);
    },
  );
}
