import { Fragment, useMemo } from "react";
import type { RunDetail, RunProcess } from "../api/types";
import { formatCount, formatDuration, formatTime } from "../charts/format";
import { flatten } from "../lib/flatten";
import { CopyButton } from "../ui/CopyButton";
import { RunAlerts } from "./RunAlerts";
import { ValueTable } from "./ValueTable";

/** What a run was given, what came out of it, and how and where it ran. */
export function RunOverview({ run }: { run: RunDetail }) {
  const config = useMemo(() => flatten(run.config), [run.config]);
  const summary = useMemo(() => flatten(run.summary), [run.summary]);
  const writers = run.processes.filter((process) => process.role === "writer");
  return (
    <div className="overview">
      {(run.state === "failed" || run.state === "crashed" || run.traceback !== null) && (
        <Ending run={run} />
      )}
      {run.alerts.length > 0 && <RunAlerts alerts={run.alerts} />}
      <div className="overview__columns">
        <section className="card" aria-label="Run">
          <h2>Run</h2>
          <dl className="facts">
            <Fact name="State">
              {run.state}
              {run.exit_code !== null && `, exit code ${run.exit_code}`}
              {run.exit_reason !== null && run.traceback === null && `: ${run.exit_reason}`}
            </Fact>
            <Fact name="Started">{formatTime(run.started_at)}</Fact>
            {run.finished_at !== null && <Fact name="Ended">{formatTime(run.finished_at)}</Fact>}
            <Fact name="Duration">{formatDuration(run.duration_s)}</Fact>
            <Fact name="Rows">{formatCount(run.num_rows)}</Fact>
            {run.last_step !== null && <Fact name="Last step">{formatCount(run.last_step)}</Fact>}
            {run.group !== null && <Fact name="Group">{run.group}</Fact>}
            {run.job_type !== null && <Fact name="Job type">{run.job_type}</Fact>}
            {run.tags.length > 0 && (
              <Fact name="Tags">
                <span className="overview__tags">
                  {run.tags.map((tag) => (
                    <span className="tag" key={tag}>
                      {tag}
                    </span>
                  ))}
                </span>
              </Fact>
            )}
            {run.notes !== null && run.notes !== "" && <Fact name="Notes">{run.notes}</Fact>}
          </dl>
          {writers.map((process) => (
            <ProcessFacts key={process.stream} process={process} alone={writers.length === 1} />
          ))}
        </section>
        <ValueTable title="Config" values={config} empty="No config was set." />
        <ValueTable title="Summary" values={summary} empty="No summary yet." />
      </div>
    </div>
  );
}

function Ending({ run }: { run: RunDetail }) {
  return (
    <section className="ending" aria-label="How it ended">
      <div className="ending__head">
        <strong>
          {run.state === "crashed" ? "The process is gone" : "The script ended with an error"}
        </strong>
        <span className="muted">
          {run.exit_reason}
          {run.exit_code !== null && ` (exit code ${run.exit_code})`}
        </span>
        {run.traceback !== null && <CopyButton text={run.traceback} label="Copy traceback" />}
      </div>
      {run.traceback !== null && <pre className="mono">{run.traceback}</pre>}
    </section>
  );
}

function ProcessFacts({ process, alone }: { process: RunProcess; alone: boolean }) {
  const words = [process.program, ...process.args].filter(isText).map(shellWord);
  const command = words.join(" ");
  return (
    <>
      <h3>{alone ? "Process" : `Process ${process.stream}`}</h3>
      <dl className="facts">
        {command !== "" && (
          <Fact name="Command" copy={command}>
            <span className="mono">
              {words.map((word, index) => (
                // biome-ignore lint/suspicious/noArrayIndexKey: words of a command may repeat.
                <Fragment key={index}>
                  {index > 0 && " "}
                  <span className="overview__word">{word}</span>
                </Fragment>
              ))}
            </span>
          </Fact>
        )}
        {process.cwd !== null && (
          <Fact name="Directory" copy={process.cwd}>
            <span className="mono">{process.cwd}</span>
          </Fact>
        )}
        {process.host !== null && (
          <Fact name="Host">
            {process.host}
            {process.pid !== null && `, process ${process.pid}`}
            {process.cpu_count !== null && `, ${process.cpu_count} CPUs`}
          </Fact>
        )}
        {process.os !== null && <Fact name="System">{process.os}</Fact>}
        {process.python !== null && <Fact name="Python">{process.python}</Fact>}
        {process.git_commit !== null && (
          <Fact name="Git commit" copy={process.git_commit}>
            <span className="mono">{process.git_commit.slice(0, 12)}</span>
          </Fact>
        )}
        {process.git_remote !== null && (
          <Fact name="Git remote" copy={process.git_remote}>
            <span className="mono">{process.git_remote}</span>
          </Fact>
        )}
        {process.sdk_version !== null && <Fact name="Runwake">{process.sdk_version}</Fact>}
        {!alone && process.exit_reason !== null && (
          <Fact name="Ended by">{process.exit_reason}</Fact>
        )}
        {process.damaged_bytes > 0 && (
          <Fact name="Damaged">{formatCount(process.damaged_bytes)} bytes of its log</Fact>
        )}
      </dl>
    </>
  );
}

function isText(word: string | null): word is string {
  return word !== null && word !== "";
}

/** A word as a shell reads it back. */
function shellWord(word: string): string {
  return /^[\w@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}

function Fact(props: { name: string; copy?: string; children: React.ReactNode }) {
  return (
    <div className="facts__row">
      <dt>{props.name}</dt>
      <dd>
        <span>{props.children}</span>
        {props.copy !== undefined && <CopyButton text={props.copy} label={`Copy ${props.name}`} />}
      </dd>
    </div>
  );
}
