import { useCallback, useEffect, useState } from "react";
import { load, save } from "./storage";

/** State that this browser remembers under `key`. */
export function useStored<T>(key: string, fallback: T): [T, (change: (former: T) => T) => void] {
  const [held, setHeld] = useState(() => ({ key, value: load(key, fallback) }));
  const current = held.key === key ? held.value : load(key, fallback);
  useEffect(() => {
    if (held.key !== key) setHeld({ key, value: current });
  }, [held.key, key, current]);
  const update = useCallback(
    (change: (former: T) => T) =>
      setHeld((former) => {
        const value = change(former.key === key ? former.value : load(key, fallback));
        save(key, value);
        return { key, value };
      }),
    [key, fallback],
  );
  return [current, update];
}
