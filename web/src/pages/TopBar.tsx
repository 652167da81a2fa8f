import { useQuery, useQueryClient } from "@tanstack/react-query";
import { ChevronRight, LogOut, Monitor, Moon, Search, Sun } from "lucide-react";
import { Fragment, type ReactNode } from "react";
import { Link } from "react-router";
import { client, unwrap } from "../api/client";
import { serverQuery } from "../api/queries";
import { COMMAND } from "../lib/shortcut";
import { chooseTheme, type ThemeChoice, useThemeChoice } from "../lib/theme";
import { IconButton } from "../ui/IconButton";
import { Menu } from "../ui/Menu";

export interface Crumb {
  readonly label: string;
  readonly to: string;
}

export interface Tab {
  readonly label: string;
  readonly to: string;
  readonly active: boolean;
}

interface Props {
  crumbs?: readonly Crumb[];
  tabs?: readonly Tab[];
  onFind?: (() => void) | undefined;
  children?: ReactNode;
}

/** The bar on top of every page: where one is, where one may go. */
export function TopBar({ crumbs = [], tabs = [], onFind, children }: Props) {
  return (
    <header className="top-bar">
      <nav className="crumbs" aria-label="Breadcrumb">
        <Link to="/" className="brand">
          <img src="/favicon.svg" alt="" width={20} height={20} />
          Runwake
        </Link>
        {crumbs.map((crumb) => (
          <Fragment key={crumb.to}>
            <ChevronRight size={14} className="muted" aria-hidden />
            <Link to={crumb.to} className="crumb truncate" title={crumb.label}>
              {crumb.label}
            </Link>
          </Fragment>
        ))}
      </nav>
      {tabs.length > 0 && (
        <nav className="tabs" aria-label="Project">
          {tabs.map((tab) => (
            <Link
              key={tab.to}
              to={tab.to}
              className="tab"
              aria-current={tab.active ? "page" : undefined}
            >
              {tab.label}
            </Link>
          ))}
        </nav>
      )}
      <div className="top-bar__end">
        {children}
        {onFind !== undefined && (
          <button type="button" className="find-button" onClick={onFind}>
            <Search size={14} aria-hidden /> Find <kbd>{COMMAND}K</kbd>
          </button>
        )}
        <ThemeMenu />
      </div>
    </header>
  );
}

const ICONS: Record<ThemeChoice, ReactNode> = {
  light: <Sun size={16} />,
  dark: <Moon size={16} />,
  system: <Monitor size={16} />,
};

function ThemeMenu() {
  const choice = useThemeChoice();
  const cache = useQueryClient();
  const { data: server } = useQuery(serverQuery());
  const entry = (name: ThemeChoice, label: string) => ({
    label,
    icon: ICONS[name],
    onSelect: () => chooseTheme(name),
  });
  const entries = [
    entry("light", "Light"),
    entry("dark", "Dark"),
    entry("system", "As the system"),
  ];
  const signOut = async () => {
    await unwrap(client.DELETE("/api/v1/session"));
    await cache.invalidateQueries({ queryKey: serverQuery().queryKey });
  };
  if (server?.authentication === true && server.signed_in)
    entries.push({
      label: "Sign out",
      icon: <LogOut size={16} />,
      onSelect: () => void signOut(),
    });
  return (
    <Menu
      trigger={
        <IconButton label={`Theme: ${choice} (toggle with ${COMMAND}M)`}>
          {ICONS[choice]}
        </IconButton>
      }
      entries={entries}
    />
  );
}
