import { describe, expect, it, test } from 'vitest';
import { settingsIn } from '../../engine/project/environment.ts';
import { configOf, refusalOf } from './schemas.ts';

describe('a config', () => {
  it.each(['', '# nothing but a comment\n', '---\n'])('may say nothing: %j', (text) => {
    expect(configOf(text)).toMatchObject({
      playbooks: ['playbooks'],
      actions: ['actions'],
      strictActions: false,
      rules: { limits: {}, protect: { ids: [], emails: [], domains: [], metadata: [] } },
    });
  });

  it('gives every key that it knows', () => {
    const config = configOf(`
playbooks: [playbooks, shared]
actions: [ops]
contacts: contacts.yaml
store: runs.db
environment: staging
environments:
  staging: { variables: { APP_URL: https://staging.shop.example } }
  production: { production: true, secrets: { KEY: env:LIVE_KEY }, limits: { user: 10 } }
secrets:
  KEY: file:/run/secrets/key
  OTHER: { command: [op, read, "op://a b/c"] }
limits: { user: 50, session: 500 }
protect:
  ids: [user_1]
  emails: [CEO@Shop.example]
  domains: [Shop.example]
  metadata: [{ path: publicMetadata.role, equals: admin }]
  operator: { ids: [user_2] }
strictActions: true
`);
    expect(config).toMatchObject({
      playbooks: ['playbooks', 'shared'],
      actions: ['ops'],
      contacts: 'contacts.yaml',
      store: 'runs.db',
      environment: 'staging',
      strictActions: true,
    });
    expect([...config.secrets]).toEqual([
      ['KEY', { kind: 'file', path: '/run/secrets/key' }],
      ['OTHER', { kind: 'command', command: ['op', 'read', 'op://a b/c'] }],
    ]);
    expect(config.rules).toEqual({
      limits: { user: 50, session: 500 },
      protect: {
        ids: ['user_1'],
        emails: ['ceo@shop.example'],
        domains: ['shop.example'],
        metadata: [{ path: 'publicMetadata.role', equals: 'admin' }],
        operator: { ids: ['user_2'], emails: [] },
      },
    });
    expect(config.environments.get('production')).toMatchObject({
      isProduction: true,
      rules: { limits: { user: 10 } },
    });
  });

  test.each([
    ['a misspelt key', 'playboks: [a]', '1:1 error E_CONFIG_KEY', 'did you mean `playbooks`?'],
    ['a key of a later version', 'allowBreakGlass: true', '1:1 error E_CONFIG_KEY', 'known here: '],
    [
      'a misspelt key of an environment',
      'environments:\n  a: { limit: { user: 1 } }',
      '2:8 error E_CONFIG_KEY',
      '`limits`',
    ],
    ['no list of folders', 'playbooks: playbooks', '1:12 error E_CONFIG_VALUE', 'must be a list'],
    ['a limit of nothing', 'limits: { user: 0 }', '1:17 error E_CONFIG_VALUE', 'user'],
    ['a limit that is text', 'limits: { user: many }', '1:17 error E_CONFIG_VALUE', 'a whole number'],
    ['a kind nobody can name', 'limits: { User Name: 1 }', '1:11 error E_CONFIG_VALUE', 'is not a kind of target'],
    ['a secret that stands there', 'secrets: { KEY: hunter2 }', '1:17 error E_CONFIG_VALUE', 'env:NAME'],
    ['a secret without a command', 'secrets: { KEY: {} }', '1:12 error E_CONFIG_MISSING', '`command` is missing'],
    ['an empty command', 'secrets: { KEY: { command: [] } }', '1:28 error E_CONFIG_VALUE', 'at least 1 entry'],
    ['a variable that is no text', 'environments: { a: { variables: { N: 5 } } }', '1:38 error E_CONFIG_VALUE', 'text'],
    [
      'a variable nobody can set',
      'environments: { a: { variables: { a-b: x } } }',
      '1:35 error E_CONFIG_VALUE',
      'letters',
    ],
    [
      'a secret among variables',
      'environments: { a: { variables: { KEY: sk_live_abcdefghij } } }',
      '1:35 error E_CONFIG_VALUE',
      'looks like a secret',
    ],
    ['an unknown environment', 'environment: prod\nenvironments: { prd: {} }', '1:14 error E_CONFIG_VALUE', '`prd`'],
    ['a name no environment has', 'environments: { Prod Eu: {} }', '1:17 error E_CONFIG_VALUE', 'small letters'],
    ['a domain with an @', 'protect: { domains: ["@a.example"] }', '1:22 error E_CONFIG_VALUE', 'a domain without `@`'],
    ['metadata without a value', 'protect: { metadata: [{ path: a }] }', '1:23 error E_CONFIG_MISSING', '`equals`'],
    ['a key twice', 'store: a\nstore: b', '2:1 error E_CONFIG_YAML', 'stands twice'],
    ['no YAML', 'store: [a', '1:10 error E_CONFIG_YAML', 'Not valid YAML'],
    ['two documents', 'store: a\n---\nstore: b', '2:1 error E_CONFIG_YAML', 'More than one YAML document'],
    ['a list', '- a', '1:1 error E_CONFIG_VALUE', 'must be a map'],
  ])('is refused for %s, with its place', (_what, text, place, words) => {
    const { code, message } = refusalOf(() => configOf(text));
    expect(code).toBe('E_CONFIG_INVALID');
    expect(message).toContain(`runbook.config.yaml:${place}`);
    expect(message).toContain(words);
    expect(message).not.toMatch(/one playbook|no playbook|playbooks'? *$/);
  });

  it('does not repeat a secret that stands in it', () => {
    const { message } = refusalOf(() => configOf('environments:\n  a: { secrets: { KEY: "hunter2hunter2" } }\n'));
    expect(message).toContain('never the secret itself');
    expect(message).not.toContain('hunter2');
  });

  it('is refused once for all that is wrong with it', () => {
    const { message } = refusalOf(() => configOf('stor: a\nlimits: { user: -1 }\nenvironment: nope\n'));
    expect(message).toContain('(3 errors, 0 warnings)');
  });

  it('does not hang on aliases that multiply', () => {
    const bomb = ['a0: &a0 [x]', ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [*a${n}, *a${n}]`)];
    expect(refusalOf(() => configOf(bomb.join('\n'))).message).toContain('E_CONFIG_YAML');
  });
});

describe('an environment', () => {
  const config = configOf(`
environment: staging
secrets: { KEY: env:KEY_EVERYWHERE, OTHER: file:other }
limits: { user: 50, session: 10 }
protect: { ids: [a], operator: {} }
environments:
  staging: { variables: { URL: s }, limits: { user: 80 } }
  production:
    production: true
    secrets: { KEY: env:KEY_LIVE }
    limits: { user: 5, row: 1 }
    protect: { ids: [a, b], operator: { ids: [me] } }
`);

  it('is the config’s own choice where nobody names one', () => {
    expect(settingsIn(config, undefined)).toMatchObject({ environment: 'staging', variables: { URL: 's' } });
  });

  it('may be none on purpose', () => {
    expect(settingsIn(config, '')).toMatchObject({ environment: '', variables: {}, rules: { limits: { user: 50 } } });
  });

  it('tightens limits and adds protection, and never loosens', () => {
    expect(settingsIn(config, 'staging').rules.limits).toEqual({ user: 50, session: 10 });
    const { rules, isProduction } = settingsIn(config, 'production');
    expect(isProduction).toBe(true);
    expect(rules.limits).toEqual({ user: 5, session: 10, row: 1 });
    expect(rules.protect).toMatchObject({ ids: ['a', 'b'], operator: { ids: ['me'], emails: [] } });
  });

  it('says where its secrets come from, the project for the rest', () => {
    expect([...settingsIn(config, 'production').secrets]).toEqual([
      ['KEY', { kind: 'env', name: 'KEY_LIVE' }],
      ['OTHER', { kind: 'file', path: 'other' }],
    ]);
  });

  it('is refused where there is none of that name', () => {
    expect(refusalOf(() => settingsIn(config, 'producton'))).toMatchObject({
      code: 'E_ENVIRONMENT_UNKNOWN',
      hint: 'Did you mean production?',
    });
  });
});
