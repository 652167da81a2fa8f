import { useVirtualizer } from "@tanstack/react-virtual";
import { ArrowDownToLine, ChevronDown, ChevronUp } from "lucide-react";
import { useEffect, useMemo, useRef, useState, useSyncExternalStore } from "react";
import { fetchConsole } from "../api/queries";
import type { ConsoleLine, RunDetail } from "../api/types";
import { formatTime } from "../charts/format";
import { stripAnsi } from "../lib/ansi";
import { ConsolePages } from "../lib/console-pages";
import { matcher } from "../lib/search";
import { useProject } from "../panels/project-context";
import { IconButton } from "../ui/IconButton";
import { SearchBox } from "../ui/SearchBox";

const LINE_HEIGHT = 20;
const END_SLACK = 24;
const POLL_MS = 1_500;

/** What a run has printed; follows the end until one scrolls up. */
export function ConsoleView({ run }: { run: RunDetail }) {
  const { ref } = useProject();
  const pages = useMemo(
    () => new ConsolePages((first, limit) => fetchConsole(ref, run.id, first, limit)),
    [ref, run.id],
  );
  const version = useSyncExternalStore(pages.subscribe, pages.version);
  const [follows, setFollows] = useState(true);
  const [showTime, setShowTime] = useState(false);
  const scroller = useRef<HTMLDivElement>(null);
  const lines = useVirtualizer({
    count: pages.total,
    getScrollElement: () => scroller.current,
    estimateSize: () => LINE_HEIGHT,
    overscan: 40,
  });
  const search = useConsoleSearch(pages, version, (line) => {
    setFollows(false);
    lines.scrollToIndex(line, { align: "center" });
  });

  useTail(pages, run);
  const items = lines.getVirtualItems();
  const first = items[0]?.index ?? 0;
  const last = items[items.length - 1]?.index ?? 0;
  // biome-ignore lint/correctness/useExhaustiveDependencies: new pages may leave gaps in view.
  useEffect(() => pages.want(first, last + 1), [pages, first, last, version]);
  useEffect(() => {
    if (follows && pages.total > 0) lines.scrollToIndex(pages.total - 1, { align: "end" });
  }, [follows, lines, pages.total]);

  return (
    <section className="console" aria-label="Console log">
      <div className="toolbar" role="toolbar" aria-label="Log">
        <SearchBox
          label="Search the log"
          value={search.text}
          regex={search.regex}
          problem={search.problem}
          onChange={search.setText}
          onRegex={search.setRegex}
        />
        {search.text !== "" && (
          <>
            <span className="muted mono">
              {search.found.length === 0 ? "0" : `${search.at + 1} of ${search.found.length}`}
            </span>
            <IconButton label="Previous match" onClick={() => search.go(-1)}>
              <ChevronUp size={15} />
            </IconButton>
            <IconButton label="Next match" onClick={() => search.go(1)}>
              <ChevronDown size={15} />
            </IconButton>
          </>
        )}
        <span className="toolbar__gap" />
        <span className="muted">{pages.total.toLocaleString("en")} lines</span>
        <IconButton text label="Times" pressed={showTime} onClick={() => setShowTime(!showTime)}>
          times
        </IconButton>
        <IconButton label="Follow the end" pressed={follows} onClick={() => setFollows(!follows)}>
          <ArrowDownToLine size={15} />
        </IconButton>
      </div>
      {pages.ready && pages.total === 0 && (
        <p className="workspace__empty muted">
          {run.state === "running" ? "Nothing printed yet." : "This run has printed nothing."}
        </p>
      )}
      <div
        className="console__scroll"
        ref={scroller}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: a scrolling region is for the keyboard too.
        tabIndex={0}
        role="log"
        aria-label="Console output"
        aria-live="off"
        onWheel={(event) => event.deltaY < 0 && setFollows(false)}
        onKeyDown={(event) => /^(PageUp|ArrowUp|Home)$/.test(event.key) && setFollows(false)}
        onScroll={(event) => {
          const { scrollHeight, scrollTop, clientHeight } = event.currentTarget;
          if (scrollHeight - scrollTop - clientHeight < END_SLACK && !follows) setFollows(true);
        }}
      >
        <div style={{ height: lines.getTotalSize(), position: "relative" }}>
          {items.map((item) => (
            <LogLine
              key={item.index}
              number={item.index}
              line={pages.line(item.index)}
              top={item.start}
              showTime={showTime}
              isCurrent={search.found[search.at] === item.index}
              isFound={search.isFound(item.index)}
            />
          ))}
        </div>
      </div>
    </section>
  );
}

/** Learns of new lines while the run lives. */
function useTail(pages: ConsolePages, run: RunDetail): void {
  const { updated_at, state } = run;
  // biome-ignore lint/correctness/useExhaustiveDependencies: a change of the run may be new lines.
  useEffect(() => void pages.refresh(), [pages, updated_at, state]);
  useEffect(() => {
    if (state !== "running") return;
    const timer = setInterval(() => void pages.refresh(), POLL_MS);
    return () => clearInterval(timer);
  }, [pages, state]);
}

function useConsoleSearch(pages: ConsolePages, version: number, show: (line: number) => void) {
  const [text, setText] = useState("");
  const [regex, setRegex] = useState(false);
  const [at, setAt] = useState(0);
  const { matches, problem } = useMemo(() => matcher(text, regex), [text, regex]);
  // biome-ignore lint/correctness/useExhaustiveDependencies: the pages are what the version counts.
  const found = useMemo(
    () => (text === "" || matches === null ? [] : pages.search((t) => matches(stripAnsi(t)))),
    [pages, text, matches, version],
  );
  const set = useMemo(() => new Set(found), [found]);
  useEffect(() => {
    if (text === "") return;
    let wanted = true;
    void pages.loadAll(() => wanted);
    return () => {
      wanted = false;
    };
  }, [pages, text]);
  const go = (move: number) => {
    if (found.length === 0) return;
    const next = (at + move + found.length) % found.length;
    setAt(next);
    const line = found[next];
    if (line !== undefined) show(line);
  };
  const change = (next: string) => {
    setText(next);
    setAt(0);
  };
  const isFound = (line: number) => set.has(line);
  return { text, setText: change, regex, setRegex, problem, found, at, go, isFound };
}

interface LogLineProps {
  number: number;
  line: ConsoleLine | undefined;
  top: number;
  showTime: boolean;
  isCurrent: boolean;
  isFound: boolean;
}

function LogLine({ number, line, top, showTime, isCurrent, isFound }: LogLineProps) {
  return (
    <div
      className="log-line"
      data-channel={line?.channel}
      data-found={isFound}
      data-current={isCurrent}
      style={{ transform: `translateY(${top}px)` }}
    >
      <span className="log-line__number">{number + 1}</span>
      {showTime && (
        <span className="log-line__time">{line && formatTime(line.time).slice(11)}</span>
      )}
      {line?.channel === "stderr" && (
        <span className="log-line__mark" title="Standard error">
          err
        </span>
      )}
      <span className="log-line__text">{line === undefined ? "…" : stripAnsi(line.text)}</span>
    </div>
  );
}
