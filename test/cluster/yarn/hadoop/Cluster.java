import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.DistributedFileSystem;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.mapreduce.v2.MiniMRYarnCluster;

/**
 * HDFS with one DataNode and YARN with two NodeManagers, in one process, at ports that are free. Writes
 * their configuration to FOLDER/conf, prints the addresses of HDFS and WebHDFS, and runs until its stdin ends.
 *
 *     java -cp 'jars/*' Cluster.java FOLDER
 */
public class Cluster {
  public static void main(String[] args) throws Exception {
    File folder = new File(args[0]).getAbsoluteFile();
    Configuration conf = settings();
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf, new File(folder, "hdfs")).numDataNodes(1).build()) {
      openFolders(hdfs.getFileSystem());
      conf.set("fs.defaultFS", hdfs.getURI().toString());
      // Its folders stand below this one, each node's by its number.
      System.setProperty("test.build.data", folder.getPath());
      try (MiniMRYarnCluster yarn = new MiniMRYarnCluster("yarn", 2)) {
        yarn.init(conf);
        yarn.start();
        write(yarn.getConfig(), new File(folder, "conf"));
        System.out.println(hdfs.getURI() + " " + hdfs.getHttpUri(0));
        while (System.in.read() != -1) continue;
      }
    }
  }

  private static Configuration settings() {
    Configuration conf = new Configuration();
    // Memory is checked as on a large cluster; small ones turn that off by themselves.
    conf.set("yarn.minicluster.control-resource-monitoring", "true");
    conf.set("mapreduce.minicluster.control-resource-monitoring", "true");
    // By default Hadoop 3.4 counts on cgroups to enforce it, whether there are any or not, and only looks.
    conf.set("yarn.nodemanager.resource.memory.enforced", "false");
    conf.set("yarn.nodemanager.container-monitor.interval-ms", "250");
    conf.set("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100");
    // The default, and what this machine's Java and the tests' launchers need in containers.
    conf.set("yarn.nodemanager.env-whitelist", conf.get("yarn.nodemanager.env-whitelist",
        "JAVA_HOME,HADOOP_COMMON_HOME,HADOOP_HDFS_HOME,HADOOP_CONF_DIR,CLASSPATH_PREPEND_DISTCACHE,HADOOP_YARN_HOME,HADOOP_HOME,PATH,LANG,TZ")
        + ",JAVA_TOOL_OPTIONS,MALLOC_ARENA_MAX,HADOOP_JARS");
    // What containers wrote on stderr is looked at after they have ended.
    conf.set("yarn.nodemanager.delete.debug-delay-sec", "3600");
    // Two containers a node, so that a job's tasks stand on both.
    conf.set("yarn.minicluster.yarn.nodemanager.resource.memory-mb", "4096");
    conf.set("yarn.app.mapreduce.am.resource.mb", "1024");
    conf.set("yarn.app.mapreduce.am.command-opts", "-Xmx384m");
    conf.set("mapreduce.map.java.opts", "-Xmx256m");
    conf.set("mapreduce.reduce.java.opts", "-Xmx256m");
    conf.set("mapreduce.map.maxattempts", "1");
    conf.set("mapreduce.map.speculative", "false");
    conf.set("mapreduce.reduce.speculative", "false");
    conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "1.0");
    // Small jobs would spend their time waiting for the next heartbeat.
    conf.set("yarn.resourcemanager.nodemanagers.heartbeat-interval-ms", "200");
    conf.set("yarn.app.mapreduce.am.scheduler.heartbeat.interval-ms", "200");
    conf.set("mapreduce.client.progressmonitor.pollinterval", "200");
    conf.set("mapreduce.client.completion.pollinterval", "500");
    return conf;
  }

  /** /tmp is everyone's, as on any cluster; /envs belongs to whoever delivers; the others are for what must fail. */
  private static void openFolders(DistributedFileSystem fs) throws Exception {
    for (String open : new String[] {"/tmp", "/user", "/envs", "/tmp/hadoop-yarn/staging"}) make(fs, open, 01777);
    make(fs, "/closed", 0755);
    make(fs, "/private/envs", 0777);
    make(fs, "/private", 0770);
    make(fs, "/full", 0777);
    fs.setQuota(new Path("/full"), Long.MAX_VALUE, 1 << 20);
  }

  private static void make(DistributedFileSystem fs, String folder, int mode) throws Exception {
    fs.mkdirs(new Path(folder));
    fs.setPermission(new Path(folder), new FsPermission((short) mode));
  }

  /** All of it into each file: the defaults of MapReduce, YARN and HDFS come after core-site.xml and would win over it. */
  private static void write(Configuration conf, File folder) throws Exception {
    folder.mkdirs();
    for (String part : new String[] {"core", "hdfs", "mapred", "yarn"}) {
      try (OutputStream out = new FileOutputStream(new File(folder, part + "-site.xml"))) {
        conf.writeXml(out);
      }
    }
  }
}
