import { CircleAlert, Info, TriangleAlert } from "lucide-react";
import type { RunAlert } from "../api/types";
import { formatTime } from "../charts/format";

const LEVELS = {
  INFO: { icon: Info, name: "Information" },
  WARN: { icon: TriangleAlert, name: "Warning" },
  ERROR: { icon: CircleAlert, name: "Error" },
} as const;

/** What the script called attention to, the newest first. */
export function RunAlerts({ alerts }: { alerts: readonly RunAlert[] }) {
  return (
    <section className="card alerts" aria-label="Alerts">
      <h2>
        Alerts <span className="badge">{alerts.length}</span>
      </h2>
      <ul>
        {/* Alerts are only ever added: the place from the oldest on is an alert's own. */}
        {alerts.map((alert, place) => <AlertRow key={String(place)} alert={alert} />).toReversed()}
      </ul>
    </section>
  );
}

function AlertRow({ alert }: { alert: RunAlert }) {
  const { icon: Icon, name } = LEVELS[alert.level];
  return (
    <li data-level={alert.level}>
      <Icon size={15} role="img" aria-label={name} />
      <div>
        <strong>{alert.title}</strong>
        {alert.text !== "" && <p>{alert.text}</p>}
      </div>
      <span className="muted">{formatTime(alert.time)}</span>
    </li>
  );
}
