/** What a worker is like, as far as it can be imitated on one machine. */
export interface Conditions {
  /** "worker", or the name of a set. */
  readonly name: string;
  readonly uid: number;
  readonly gid: number;
  /** Whether the system knows the user's name. */
  readonly named: boolean;
  /** The value of HOME; null: it is not set. */
  readonly home: string | null;
  /** Whether that folder is there, and can be written. */
  readonly homeExists: boolean;
  /** Whether programs can be started from /tmp. */
  readonly tmpExecutable: boolean;
  /** Bytes that all processes together may take; null: no limit. */
  readonly memory: number | null;
  /** The name of a link in the working folder by which the environment is reached; null: by its own path. */
  readonly alias: string | null;
  /** Whether the system's certificates are there. */
  readonly certificates: boolean;
  /** Variables that the engine sets. */
  readonly variables: Readonly<Record<string, string>>;
}

const NOBODYS_UID = 65532;
const HOME = "/home/worker";

/** What is imitated where nothing else is asked for. */
export const WORKER: Conditions = {
  name: "worker",
  uid: NOBODYS_UID,
  gid: NOBODYS_UID,
  named: true,
  home: HOME,
  homeExists: true,
  tmpExecutable: true,
  memory: null,
  alias: null,
  certificates: true,
  variables: {},
};

/** What engines impose, each by its name. */
export const SETS: readonly Conditions[] = [
  // The localizer's folder is reached by a link in the container's, and HOME is what yarn.nodemanager.user-home-dir is by default.
  {
    ...WORKER,
    name: "yarn",
    alias: "env",
    home: "/home/",
    homeExists: false,
    variables: { CONTAINER_ID: "container_1_0001_01_000002", LOCAL_DIRS: "/tmp" },
  },
  // Login nodes' homes are often not mounted on nodes, and /tmp is noexec on hardened ones.
  {
    ...WORKER,
    name: "slurm",
    homeExists: false,
    tmpExecutable: false,
    variables: { SLURM_JOB_ID: "17", SLURM_PROCID: "0", TMPDIR: "/tmp" },
  },
  // Spark's own image runs as 185, which has no name; --archives x#environment makes a link.
  {
    ...WORKER,
    name: "spark",
    uid: 185,
    gid: 0,
    named: false,
    alias: "environment",
    home: "/nonexistent",
    homeExists: false,
    variables: { SPARK_HOME: "/opt/spark" },
  },
  // OpenShift chooses a large uid without a name, and gid 0; pods have little memory and a root that is read-only.
  {
    ...WORKER,
    name: "kubernetes",
    uid: 1_000_690_000,
    gid: 0,
    named: false,
    home: "/",
    homeExists: false,
    memory: 512 * 2 ** 20,
    variables: { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" },
  },
  { ...WORKER, name: "air-gapped", certificates: false },
];

/** What makes a worker harder than the usual one; each has its option. */
export interface Hardships {
  /** Bytes. */
  readonly limitMemory?: number;
  /** A uid that the system has no name for. */
  readonly uid?: number;
  readonly noexecTmp?: boolean;
  readonly noHome?: boolean;
}

/** The usual worker with what was asked for on top. */
export function conditionsOf({ limitMemory, uid, noexecTmp, noHome }: Hardships, base: Conditions = WORKER): Conditions {
  return {
    ...base,
    ...(limitMemory === undefined ? {} : { memory: limitMemory }),
    ...(uid === undefined ? {} : { uid, gid: uid, named: false }),
    ...(noexecTmp === true ? { tmpExecutable: false } : {}),
    ...(noHome === true ? { home: null, homeExists: false } : {}),
  };
}

/** What is unusual of a worker, a few words each. */
export function describeConditions({ uid, named, home, homeExists, tmpExecutable, memory, alias, certificates }: Conditions): string[] {
  const found = [
    `uid ${uid}${named ? "" : " without a name"}`,
    home === null ? "no HOME" : homeExists ? null : `no home (HOME=${home})`,
    tmpExecutable ? null : "/tmp is noexec",
    memory === null ? null : `at most ${Math.round(memory / 2 ** 20)} MiB of memory`,
    alias === null ? null : `reached by a link named ${alias}`,
    certificates ? null : "no certificates",
  ];
  return found.filter((one) => one !== null);
}
