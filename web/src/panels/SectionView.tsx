import { ChevronRight } from "lucide-react";
import { memo, useEffect, useRef, useState } from "react";
import type { Panel, Section } from "../lib/sections";
import { ErrorBoundary } from "../ui/ErrorBoundary";
import { BarPanel } from "./BarPanel";
import { LinePanel } from "./LinePanel";
import { MediaPanel } from "./MediaPanel";
import { PanelTitle } from "./PanelHead";

interface Props {
  section: Section;
  folded: boolean;
  onToggle: (name: string) => void;
}

/** Sections of very many keys grow by this many panels at a time. */
const BATCH = 60;

export const SectionView = memo(function SectionView({ section, folded, onToggle }: Props) {
  const [limit, setLimit] = useState(BATCH);
  const more = section.panels.length - limit;
  return (
    <section className="section" aria-label={section.name} data-section={section.name}>
      <h2 className="section__head">
        <button
          type="button"
          className="section__fold"
          aria-expanded={!folded}
          onClick={() => onToggle(section.name)}
        >
          <ChevronRight size={14} aria-hidden />
          <span className="truncate">{section.name}</span>
          <span className="badge">{section.panels.length}</span>
        </button>
      </h2>
      {!folded && (
        <div className="panel-grid">
          {section.panels.slice(0, limit).map((panel) => (
            <PanelSlot key={panel.key} panel={panel} />
          ))}
        </div>
      )}
      {!folded && more > 0 && (
        <button
          type="button"
          className="button section__more"
          onClick={() => setLimit(limit + BATCH)}
        >
          Show {Math.min(more, BATCH)} more of {more}
        </button>
      )}
    </section>
  );
});

/** Holds a panel's place; the panel itself lives only while it is on (or near) the screen. */
function PanelSlot({ panel }: { panel: Panel }) {
  const slot = useRef<HTMLElement>(null);
  const [near, setNear] = useState(false);
  useEffect(() => {
    const element = slot.current;
    if (element === null) return;
    const observer = new IntersectionObserver(
      ([entry]) => setNear(entry?.isIntersecting ?? false),
      { rootMargin: "160px" },
    );
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  return (
    <article className="panel" ref={slot} aria-label={panel.key} data-panel={panel.key}>
      {near ? (
        <ErrorBoundary what="This panel">
          <PanelBody panel={panel} />
        </ErrorBoundary>
      ) : (
        <div className="panel__head">
          <PanelTitle panel={panel} />
        </div>
      )}
    </article>
  );
}

function PanelBody({ panel }: { panel: Panel }) {
  if (panel.kind === "media") return <MediaPanel panel={panel} />;
  return panel.kind === "bar" ? <BarPanel panel={panel} /> : <LinePanel panel={panel} />;
}
