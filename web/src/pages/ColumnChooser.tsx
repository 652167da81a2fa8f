import * as Popover from "@radix-ui/react-popover";
import { Columns3 } from "lucide-react";
import { useState } from "react";
import type { Column } from "../lib/columns";
import { matcher } from "../lib/search";
import { SearchBox } from "../ui/SearchBox";

interface Props {
  available: readonly Column[];
  chosen: readonly string[];
  /** An empty list means: choose for me. */
  onChange: (chosen: string[]) => void;
}

const MAX_LISTED = 200;

/** Which columns the run table has. */
export function ColumnChooser({ available, chosen, onChange }: Props) {
  const [search, setSearch] = useState("");
  const test = matcher(search, false).matches ?? (() => true);
  const listed = available.filter((column) => test(column.id));
  const toggle = (id: string) =>
    onChange(chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id]);
  return (
    <Popover.Root>
      <Popover.Trigger asChild>
        <button type="button" className="button">
          <Columns3 size={14} aria-hidden /> Columns <span className="badge">{chosen.length}</span>
        </button>
      </Popover.Trigger>
      <Popover.Portal>
        <Popover.Content className="popover columns" align="end" sideOffset={4}>
          <div className="columns__head">
            <SearchBox label="Search columns" value={search} onChange={setSearch} />
            <button type="button" className="button" onClick={() => onChange([])}>
              Automatic
            </button>
          </div>
          {listed.slice(0, MAX_LISTED).map((column) => (
            <label key={column.id} className="menu__item">
              <input
                type="checkbox"
                checked={chosen.includes(column.id)}
                onChange={() => toggle(column.id)}
              />
              <span className="truncate">{column.label}</span>
              <span className="muted columns__group">{column.group}</span>
            </label>
          ))}
          {listed.length > MAX_LISTED && (
            <p className="muted">{listed.length - MAX_LISTED} more: narrow the search.</p>
          )}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
