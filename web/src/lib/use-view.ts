import { useCallback, useMemo } from "react";
import { useSearchParams } from "react-router";
import { parseView, type ViewState, withView } from "./url-state";

/** The view's state in the page's address. Changes replace the entry: typing fills no history. */
export function useView(): [ViewState, (change: Partial<ViewState>) => void] {
  const [params, setParams] = useSearchParams();
  const view = useMemo(() => parseView(params), [params]);
  const change = useCallback(
    (part: Partial<ViewState>) =>
      setParams((former) => withView(former, part), { replace: true, preventScrollReset: true }),
    [setParams],
  );
  return [view, change];
}
