// Many things to do, a few at a time: a browser has six connections to a host, and streams hold some of them.

const AT_ONCE = 3;

/** Do `act` for each of `items`, a few at a time; throws what the first failure was, when the others are done. */
export async function inTurn(items, act, atOnce = AT_ONCE) {
  const left = [...items];
  const failures = [];
  const work = async () => {
    while (left.length) {
      try {
        await act(left.shift());
      } catch (error) {
        failures.push(error);
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, work));
  if (failures.length) throw failures[0];
}
