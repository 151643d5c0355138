// Which drills there are, where nobody said which one.
import { loadScenario, type Scenario } from '../../drill/scenario.ts';
import { messageOf } from '../../errors.ts';
import { clean } from '../../ui/text.ts';
import type { App } from '../app.ts';
import { EXIT } from '../exit-codes.ts';
import { table } from '../table.ts';
import { scenarios } from './scenario-files.ts';

const ORDER: readonly Scenario['difficulty'][] = ['easy', 'medium', 'hard'];

export function listDrills(app: App): number {
  const { print } = app.terminal;
  const broken: string[] = [];
  const all = [...scenarios(app).values()]
    .flatMap((file) => {
      try {
        return [loadScenario(file)];
      } catch (error) {
        // One that is being written must not hide the others.
        broken.push(messageOf(error));
        return [];
      }
    })
    .sort(byPlaybook);
  if (app.isJson) {
    print(
      JSON.stringify(
        all.map(({ name, title, playbook, difficulty, minutes = null, seed }) => ({
          name,
          title,
          playbook,
          difficulty,
          minutes,
          seed,
        })),
      ),
    );
    return EXIT.done;
  }
  const cells = all.map(({ name, playbook, difficulty, minutes, title }) => [
    name,
    playbook,
    difficulty,
    minutes === undefined ? '' : `${minutes} min`,
    clean(title),
  ]);
  for (const line of table(['DRILL', 'PLAYBOOK', 'LEVEL', 'TIME', ''], cells)) print(line);
  for (const message of broken) app.terminal.tell(`\nLeft out: ${message}`);
  print('');
  print(`runbook drill --scenario ${all[0]?.name ?? 'NAME'}   starts one; with --yes nobody is asked`);
  return EXIT.done;
}

function byPlaybook(a: Scenario, b: Scenario): number {
  return (
    a.playbook.localeCompare(b.playbook) ||
    ORDER.indexOf(a.difficulty) - ORDER.indexOf(b.difficulty) ||
    a.name.localeCompare(b.name)
  );
}
