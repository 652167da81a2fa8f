import * as Tooltip from "@radix-ui/react-tooltip";
import { QueryCache, QueryClient, QueryClientProvider, useQuery } from "@tanstack/react-query";
import { lazy, Suspense, useEffect } from "react";
import { BrowserRouter, Navigate, Route, Routes, useParams } from "react-router";
import { ApiError } from "./api/client";
import { serverQuery } from "./api/queries";
import { projectPath } from "./lib/addresses";
import { toggleTheme } from "./lib/theme";
import { ProjectLayout } from "./pages/ProjectLayout";
import { ProjectsPage } from "./pages/ProjectsPage";
import { WorkspacePage } from "./pages/WorkspacePage";
import { ErrorBoundary } from "./ui/ErrorBoundary";

const TablePage = lazy(() => import("./pages/TablePage").then((m) => ({ default: m.TablePage })));
const RunPage = lazy(() => import("./pages/RunPage").then((m) => ({ default: m.RunPage })));
const SignInPage = lazy(() =>
  import("./pages/SignInPage").then((m) => ({ default: m.SignInPage })),
);
const NotFoundRoute = lazy(() =>
  import("./pages/NotFoundPage").then((m) => ({ default: m.NotFoundRoute })),
);
const NotFoundPage = lazy(() =>
  import("./pages/NotFoundPage").then((m) => ({ default: m.NotFoundPage })),
);

const queries: QueryClient = new QueryClient({
  queryCache: new QueryCache({
    // A session that has ended: ask again who is there, and so come to the sign-in page.
    onError: (error, query) => {
      if (error instanceof ApiError && error.status === 401 && query.queryKey[0] !== "server")
        void queries.invalidateQueries({ queryKey: serverQuery().queryKey });
    },
  }),
  defaultOptions: {
    queries: {
      refetchOnWindowFocus: false,
      // What the server refuses stays refused; silence is worth another try.
      retry: (failures, error) =>
        failures < 3 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: (attempt) => Math.min(8_000, 500 * 2 ** attempt),
    },
  },
});

export function App() {
  useThemeKey();
  return (
    <QueryClientProvider client={queries}>
      <Tooltip.Provider delayDuration={400} skipDelayDuration={200}>
        <ErrorBoundary what="This page">
          <BrowserRouter>
            <Gate />
          </BrowserRouter>
        </ErrorBoundary>
      </Tooltip.Provider>
    </QueryClientProvider>
  );
}

/** Asks who is there before anything else; the address stays, so that signing in leads to it. */
function Gate() {
  const { data } = useQuery(serverQuery());
  const closed = data?.authentication === true && !data.signed_in;
  return <Suspense fallback={null}>{closed ? <SignInPage /> : <Pages />}</Suspense>;
}

function Pages() {
  return (
    <Routes>
      <Route index element={<ProjectsPage />} />
      <Route path=":entity" element={<ProjectsPage />} />
      <Route path=":entity/:project" element={<ProjectLayout />}>
        <Route index element={<WorkspacePage />} />
        <Route path="workspace" element={<WorkspacePage />} />
        <Route path="table" element={<TablePage />} />
        <Route path="runs" element={<ToTable />} />
        <Route path="runs/:run" element={<RunPage />} />
        <Route path="runs/:run/:tab" element={<RunPage />} />
        <Route path="*" element={<NotFoundPage />} />
      </Route>
      <Route path="*" element={<NotFoundRoute />} />
    </Routes>
  );
}

function ToTable() {
  const { entity = "", project = "" } = useParams();
  return <Navigate replace to={projectPath(entity, project, "table")} />;
}

function useThemeKey(): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent) => {
      if (!(event.ctrlKey || event.metaKey) || event.key.toLowerCase() !== "m") return;
      event.preventDefault();
      toggleTheme();
    };
    window.addEventListener("keydown", onKey);
    return () => window.removeEventListener("keydown", onKey);
  }, []);
}
