#!/usr/bin/env bash
# Hadoop's commands `hdfs dfs`, `mapred streaming` and `yarn CLASS`, as its own scripts of these names
# start them: the class, with the jars and the configuration on its path. The test links it to each name.
# HADOOP_JARS is the folder of the jars, HADOOP_CONF_DIR that of core-site.xml.
set -euo pipefail
opens=()
for package in io lang lang.reflect math net text util util.concurrent util.zip; do
  opens+=("--add-opens=java.base/java.$package=ALL-UNNAMED")
done
export LC_ALL=C.UTF-8
case "$(basename "$0") ${1:-}" in
"hdfs dfs") shift && class=org.apache.hadoop.fs.FsShell ;;
"mapred streaming") shift && class=org.apache.hadoop.streaming.HadoopStreaming ;;
"yarn "*) class=$1 && shift ;;
*) echo "$0: not a command of these tests: $*" >&2 && exit 2 ;;
esac
exec java "${opens[@]}" -Xmx512m -XX:TieredStopAtLevel=1 "-Dlog4j.configuration=file:$(dirname "$(realpath "$0")")/log4j.properties" -cp "$HADOOP_CONF_DIR:$HADOOP_JARS/*" "$class" "$@"
