import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Json } from '../engine/json.ts';
import { createRedactor, findRedactionMarker, isRedactionMarker } from '../engine/redact.ts';

const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJ1c2VyXzEifQ.c2lnbmF0dXJl-_x';
const PEM = '-----BEGIN RSA PRIVATE KEY-----\nMIIEow\nIBAAKCAQEA\n-----END RSA PRIVATE KEY-----';

describe('shapes of secrets', () => {
  test.each([
    ['key sk_live_a1B2c3D4e5', 'key [redacted:sk]'],
    ['sk_test_a1B2c3D4e5,sk_live_zzzzzzzz', '[redacted:sk],[redacted:sk]'],
    ['whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', '[redacted:whsec]'],
    [`token=${JWT};`, 'token=[redacted:jwt];'],
    ['Authorization: Bearer abc123def456', 'Authorization: Bearer [redacted:bearer]'],
    [`authorization: bearer ${JWT}`, 'authorization: bearer [redacted:jwt]'],
    [`a ${PEM} b`, 'a [redacted:private-key] b'],
    [PEM.slice(0, 40), '[redacted:private-key]'],
    ['postgres://app:pa55:word@db/x', 'postgres://app:[redacted:password]@db/x'],
  ])('%s', (text, redacted) => {
    expect(createRedactor().text(text)).toBe(redacted);
  });

  test.each([
    'Bearer authentication is required',
    'set sk_test_... in the environment',
    'https://example.com:8080/a@b',
    'at 12:30, mail ops@example.com',
    '-----BEGIN CERTIFICATE-----',
  ])('innocent text stays: %s', (text) => {
    expect(createRedactor().text(text)).toBe(text);
  });
});

describe('named secrets', () => {
  test('are replaced in every form they travel in', () => {
    const redactor = createRedactor();
    const secret = 'p@ss "wörd"/\\\n+1';
    redactor.add('DB_PASSWORD', secret);
    const basic = Buffer.from(`user:${secret}`).toString('base64');
    for (const form of [secret, encodeURIComponent(secret), JSON.stringify(secret), `Basic ${basic}`]) {
      expect(redactor.text(`<${form}>`)).toContain('[redacted:DB_PASSWORD]');
    }
    expect(redactor.text(`Basic ${basic}`)).not.toContain(basic.slice(10, 20));
  });

  test('of under eight characters are left alone', () => {
    const redactor = createRedactor();
    redactor.add('PIN', '1234567');
    expect(redactor.text('1234567')).toBe('1234567');
  });

  test('are found as keys, as numbers and beside one another, and two keys stay two', () => {
    const redactor = createRedactor();
    redactor.add('A', 'alpha-secret');
    redactor.add('A', 'other-secret');
    redactor.add('N', '1234567890');
    expect(redactor.json({ 'alpha-secret': 1, 'other-secret': 1234567890, list: ['xalpha-secretx'] })).toEqual({
      '[redacted:A]': 1,
      '[redacted:A] 2': '[redacted:N]',
      list: ['x[redacted:A]x'],
    });
  });

  test('a value without any comes back as the same object', () => {
    const redactor = createRedactor();
    redactor.add('A', 'alpha-secret');
    const value = { a: [1, null, { b: 'text' }], ['__proto__']: 'x' };
    expect(redactor.json(value)).toBe(value);
  });

  test('a name that holds another secret does not undo the marker', () => {
    const redactor = createRedactor();
    redactor.add('X', 'redacted');
    redactor.add('Y', 'another-one');
    const once = redactor.text('redacted another-one');
    expect(once).toBe('[redacted:X] [redacted:Y]');
    expect(redactor.text(once)).toBe(once);
  });

  test('a many-line secret is found line by line', () => {
    const redactor = createRedactor();
    redactor.add('CERT', 'first-line-of-the-secret\nsecond-line-of-the-secret\n');
    expect(redactor.text('| second-line-of-the-secret |')).toBe('| [redacted:CERT] |');
  });
});

test('property: no secret is left anywhere in a value, and redacting again changes nothing', () => {
  const secret = fc
    .tuple(fc.string({ unit: 'binary', minLength: 6, maxLength: 30 }), fc.uuid())
    .map(([text, id]) => `${id.slice(0, 8)}${text}${id.slice(-6)}`.replaceAll('redacted', ''));
  const shaped = fc.uuid().map((id) => `sk_live_${id.replaceAll('-', '')}`);
  const place = fc.constantFrom<(s: string) => Json>(
    (s) => s,
    (s) => `before ${s} after`,
    (s) => ({ deep: [{ list: [s, 1, null] }] }),
    (s) => ({ [`key ${s}`]: true }),
    (s) => JSON.stringify({ body: s }),
    (s) => `https://example.com/?q=${encodeURIComponent(s.toWellFormed())}`,
    (s) => ({ authorization: `Basic ${Buffer.from(`u:${s}`).toString('base64')}` }),
    (s) => ['a', Buffer.from(`xy${s}z`).toString('base64url')],
  );
  fc.assert(
    fc.property(
      fc.array(secret, { minLength: 1, maxLength: 4 }),
      shaped,
      fc.array(place, { minLength: 1, maxLength: 6 }),
      fc.jsonValue(),
      (secrets, key, places, noise) => {
        const redactor = createRedactor();
        for (const [index, value] of secrets.entries()) redactor.add(`S${index}`, value);
        const all = [...secrets, key];
        const value = [noise as Json, ...places.flatMap((put) => all.map((one) => ({ in: put(one) })))];
        const redacted = redactor.json(value);
        const text = JSON.stringify(redacted);
        for (const one of secrets) {
          expect(text).not.toContain(JSON.stringify(one).slice(1, -1));
          expect(text).not.toContain(encodeURIComponent(one.toWellFormed()));
        }
        expect(text).not.toMatch(/sk_live_[0-9a-f]{32}/);
        expect(redactor.json(redacted)).toEqual(redacted);
        expect(findRedactionMarker(redacted)).toBeDefined();
      },
    ),
  );
});

test('markers are recognised where they stand', () => {
  expect(isRedactionMarker('Bearer [redacted:bearer]')).toBe(true);
  expect(isRedactionMarker('[redacted]')).toBe(false);
  expect(findRedactionMarker({ users: [{ id: 'a' }, { token: 'x [redacted:sk]' }] })).toBe('users[1].token');
  expect(findRedactionMarker('[redacted:sk]')).toBe('$');
  expect(findRedactionMarker({ a: [1, 'b', null] })).toBeUndefined();
});

test('text of 64 KB that is no secret costs little, and hostile text is not quadratic', () => {
  const redactor = createRedactor();
  for (let index = 0; index < 10; index += 1) redactor.add(`S${index}`, `secret-value-${index}`);
  for (const text of [
    'eyJ'.repeat(20_000),
    '-----BEGIN '.repeat(6_000),
    'Bearer '.repeat(9_000),
    '://a:'.repeat(13_000),
  ]) {
    expect(redactor.text(text)).toBe(text);
  }
});
