// Which playbooks a text may call, found without compiling it. Pure. Too many cost a reading; one that is missed is found
// by the compiler, which asks again.

const CALLED = /\bplaybook['"]?\s*:\s*['"]?([a-z][a-z0-9-]*)/g;

/** The texts of a playbook and of all it calls, however deep; each once. */
export function textsOf(text: string, read: (name: string) => string | undefined): readonly string[] {
  const texts = [text];
  const seen = new Set<string>();
  for (let index = 0; index < texts.length; index += 1) {
    for (const [, name = ''] of (texts[index] ?? '').matchAll(CALLED)) {
      if (seen.has(name)) continue;
      seen.add(name);
      const called = read(name);
      if (called !== undefined) texts.push(called);
    }
  }
  return texts;
}
