#!/usr/bin/env bash
# Hadoop's commands `hdfs dfs`, `mapred streaming` and `yarn CLASS`, as its own scripts of these names
# start them: the class, with the jars and the configuration on its path. The test links it to each name.
# HADOOP_JARS is the folder of the jars, HADOOP_CONF_DIR that of core-site.xml.
set -euo pipefail
case "$(basename "$0") ${1:-}" in
"hdfs dfs") shift && class=org.apache.hadoop.fs.FsShell ;;
"mapred streaming") shift && class=org.apache.hadoop.streaming.HadoopStreaming ;;
"yarn "*) class=$1 && shift ;;
*) echo "$0: not a command of these tests: $*" >&2 && exit 2 ;;
esac
log4j=$(dirname "$(realpath "$0")")/log4j.properties
exec "$JAVA_HOME/bin/java" -Xmx512m "-Dlog4j.configuration=file:$log4j" -cp "$HADOOP_CONF_DIR:$HADOOP_JARS/*" "$class" "$@"
