import { countDiagnostics, renderDiagnostics } from '../../playbook/code-frame.ts';
import type { App, CommonOptions } from '../app.ts';
import { createCompiler } from '../compiler.ts';
import { EXIT } from '../exit-codes.ts';
import { decodeFile, findPlaybook, listPlaybooks, localPlaybooks } from '../playbook-files.ts';

export async function validate(app: App, names: readonly string[], _options: CommonOptions): Promise<number> {
  const local = localPlaybooks(app);
  const files =
    names.length > 0 ? names.map((name) => findPlaybook(app, name)) : local.length > 0 ? local : listPlaybooks(app);
  const compiler = createCompiler();
  const found = files.map((file) => {
    const read = decodeFile(file);
    return 'text' in read
      ? { file, text: read.text, diagnostics: compiler.compile(read.text, file.shown).diagnostics }
      : { file, text: '', diagnostics: read.diagnostics };
  });
  const all = found.flatMap(({ diagnostics }) => diagnostics);
  const isValid = all.every((one) => one.severity !== 'error');
  if (app.isJson) {
    app.terminal.print(
      JSON.stringify({
        valid: isValid,
        files: found.map(({ file, diagnostics }) => ({ file: file.shown, diagnostics })),
      }),
    );
  } else {
    for (const { file, text, diagnostics } of found) {
      if (diagnostics.length === 0) app.terminal.print(`${file.shown}: valid`);
      else
        app.terminal.print(
          `${renderDiagnostics(diagnostics, new Map([[file.shown, text]]), { color: app.terminal.hasColor })}\n`,
        );
    }
    if (all.length > 0) app.terminal.print(countDiagnostics(all));
  }
  return isValid ? EXIT.done : EXIT.usage;
}
