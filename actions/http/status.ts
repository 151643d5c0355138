// Which statuses of an answer are as expected: `204`, a class `2xx`, a range `200-299`.

/** For the input of an action that judges an answer by its status. */
export const EXPECTED_STATUS_SCHEMA = {
  type: 'array',
  minItems: 1,
  items: {
    type: ['integer', 'string'],
    minimum: 100,
    maximum: 599,
    pattern: '^[1-5](?:xx|[0-9]{2}-[1-5][0-9]{2})$',
  },
  description:
    'Statuses that are as expected: a number, a class such as 2xx, or a range such as 200-204; 2xx if absent',
  examples: [['2xx', 404]],
} as const;

export type ExpectedStatus = readonly (number | string)[];

const ANY_SUCCESS: ExpectedStatus = ['2xx'];

export function isExpectedStatus(status: number, expected: ExpectedStatus = ANY_SUCCESS): boolean {
  return expected.some((one) => {
    if (typeof one === 'number') return status === one;
    if (one.endsWith('xx')) return Math.floor(status / 100) === Number(one[0]);
    const [first, last] = one.split('-').map(Number);
    return first !== undefined && last !== undefined && status >= first && status <= last;
  });
}

/** For messages: `expected 200 to 299`, `expected 2xx, 404`. */
export function expectedWords(expected: ExpectedStatus | undefined): string {
  return `expected ${expected?.join(', ') ?? '200 to 299'}`;
}
