import { useMemo, useState } from "react";
import { exactValue, formatValue } from "../charts/format";
import { matcher } from "../lib/search";
import { CopyButton } from "../ui/CopyButton";
import { SearchBox } from "../ui/SearchBox";

interface Props {
  title: string;
  values: ReadonlyMap<string, unknown>;
  empty: string;
}

const BATCH = 300;
const SEARCH_FROM = 6;

/** Config or summary by flat path, with a search and copies of the exact values. */
export function ValueTable({ title, values, empty }: Props) {
  const [search, setSearch] = useState("");
  const [regex, setRegex] = useState(false);
  const [limit, setLimit] = useState(BATCH);
  const { matches, problem } = useMemo(() => matcher(search, regex), [search, regex]);
  const rows = [...values].filter(([path]) => matches === null || matches(path));
  const json = () => JSON.stringify(Object.fromEntries(values), null, 2);
  return (
    <section className="card" aria-label={title}>
      <h2>
        {title} <span className="badge">{values.size}</span>
        <span className="card__gap" />
        {values.size > 0 && <CopyButton text={json()} label={`Copy ${title} as JSON`} />}
      </h2>
      {values.size >= SEARCH_FROM && (
        <SearchBox
          label={`Search ${title.toLowerCase()}`}
          value={search}
          regex={regex}
          problem={problem}
          onChange={setSearch}
          onRegex={setRegex}
        />
      )}
      {values.size === 0 && <p className="muted">{empty}</p>}
      <dl className="facts facts--values">
        {rows.slice(0, limit).map(([path, value]) => (
          <div className="facts__row" key={path}>
            <dt className="mono truncate" title={path}>
              {path}
            </dt>
            <dd>
              <span className="mono truncate" title={exactValue(value)}>
                {formatValue(value)}
              </span>
              <CopyButton text={exactValue(value)} label={`Copy ${path}`} />
            </dd>
          </div>
        ))}
      </dl>
      {rows.length > limit && (
        <button type="button" className="button" onClick={() => setLimit(limit + BATCH)}>
          Show more of {rows.length}
        </button>
      )}
    </section>
  );
}
