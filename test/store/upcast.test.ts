import { expect, test } from 'vitest';
import { EVENT_VERSIONS } from '../../engine/run/event-rules.ts';
import { UPCAST_RULES, type UpcastRules, upcast } from '../../engine/store/upcast.ts';

const rules: UpcastRules = {
  versions: { 'note.added': 3 },
  upcasters: {
    'note.added': {
      1: ({ by, ...data }) => ({ ...data, author: by ?? null }),
      2: (data) => ({ ...data, kind: 'note' }),
    },
  },
};

test('an old event is led version by version to the current one', () => {
  const event = { type: 'note.added', v: 1, data: { text: 'x', by: 'ada' } };
  expect(upcast(event, rules)).toEqual({ v: 3, data: { text: 'x', author: 'ada', kind: 'note' } });
  expect(upcast({ ...event, v: 2, data: {} }, rules)).toEqual({ v: 3, data: { kind: 'note' } });
});

test('a newer version, or a type this engine does not know, is refused', () => {
  expect(() => upcast({ type: 'note.added', v: 4, data: {} }, rules)).toThrow(
    expect.objectContaining({ code: 'E_STORE_NEWER' }),
  );
  expect(() => upcast({ type: 'toString', v: 1, data: {} })).toThrow(
    expect.objectContaining({ code: 'E_STORE_NEWER' }),
  );
});

test('every version there ever was leads to the current one', () => {
  for (const [type, current] of Object.entries(EVENT_VERSIONS)) {
    for (let v = 1; v < current; v += 1)
      expect(UPCAST_RULES.upcasters[type]?.[v], `${type} ${v}`).toBeTypeOf('function');
  }
});
