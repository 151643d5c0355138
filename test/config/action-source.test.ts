import { describe, expect, it, test } from 'vitest';
import { bypassesIn, bypassOf, definedNames, mayBeAction } from '../../engine/project/action-source.ts';

describe('what passes by the gate', () => {
  test.each([
    ["import { spawn } from 'node:child_process';", ['node:child_process']],
    ['import net from "net"', ['node:net']],
    ["import 'http2';", ['node:http2']],
    ["import {\n  request,\n  get,\n} from 'https';", ['node:https']],
    ["export * from 'node:tls';", ['node:tls']],
    ["const { Worker } = await import('node:worker_threads');", ['node:worker_threads']],
    ['const pg = await import(`pg`);', ['pg']],
    ["const x = import(/* lazily */ 'undici');", ['undici']],
    ["const dgram = require('dgram');", ['node:dgram']],
    ["process.getBuiltinModule('cluster')", ['node:cluster']],
    ["process.getBuiltinModule('child' + '_process')", ['process.getBuiltinModule']],
    ['const load = process.getBuiltinModule; load(name)', ['process.getBuiltinModule']],
    ["const { getBuiltinModule } = process; getBuiltinModule('fs')", ['process.getBuiltinModule']],
    ["process.binding('spawn_sync')", ['process.binding']],
    ["process.dlopen(module, './native.node')", ['process.dlopen']],
    ["import axios from 'axios/lib/core';\nimport sql from '@prisma/client';", ['@prisma/client', 'axios']],
    ["import mysql from 'mysql2/promise'; import got from 'got';", ['got', 'mysql2']],
  ])('is seen in %s', (text, expected) => {
    expect(bypassesIn(text)).toEqual(expected);
  });

  test.each([
    "import { readFile } from 'node:fs/promises';",
    "import type { Socket } from 'node:net';",
    "import { createClerkClient } from '@clerk/backend';",
    "// import net from 'node:net';",
    "/*\n * import net from 'node:net';\n */",
    "const text = 'child_process';",
    "const path = process.getBuiltinModule('node:path');",
    'const binding = process.env.BINDING;',
    "import { net } from './net.ts';",
    "import { pg } from 'pgvector';",
  ])('is not seen in %s', (text) => {
    expect(bypassesIn(text)).toEqual([]);
  });

  it('is told by the module, however it is written', () => {
    expect(['node:http', 'http', 'http2', 'node:fs', 'pg/lib/client', 'node:pg', './http'].map(bypassOf)).toEqual([
      'node:http',
      'node:http',
      'node:http2',
      undefined,
      'pg',
      undefined,
      undefined,
    ]);
  });

  it('is found in a large file in no time', () => {
    const text = `${'\n'.repeat(200_000)}import ${'a, '.repeat(50_000)}`;
    expect(bypassesIn(text)).toEqual([]);
  });
});

describe('the names of actions', () => {
  it('are read from the text', () => {
    expect(definedNames("export default defineAction({ name: 'shop.drain-node', title: 'x' })")).toEqual([
      'shop.drain-node',
    ]);
    expect(definedNames('{"name": "shop.a"}')).toEqual(['shop.a']);
    expect(definedNames('defineAction({ name: NAME })')).toEqual([]);
  });

  it('are looked for only where something is exported as default', () => {
    expect(mayBeAction("export { a as default } from './a.ts'")).toBe(true);
    expect(mayBeAction('export function f(x) { switch (x) { default: return 1 } }')).toBe(false);
  });
});
