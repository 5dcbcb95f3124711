import java.io.File;
import java.io.FileOutputStream;
import java.io.OutputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.hdfs.MiniDFSCluster;
import org.apache.hadoop.mapreduce.v2.MiniMRYarnCluster;

/**
 * HDFS with one DataNode and YARN with two NodeManagers, in one process. Writes their configuration to
 * FOLDER/conf, says "ready", and runs until its stdin ends.
 *
 *     java -cp 'jars/*' Cluster.java FOLDER
 */
public class Cluster {
  /** Java 17 keeps Hadoop 3 from what it looks into. */
  private static final String OPENS = System.getProperty("envpack.opens");

  public static void main(String[] args) throws Exception {
    File folder = new File(args[0]).getAbsoluteFile();
    System.setProperty("test.build.data", new File(folder, "hdfs").getPath());
    System.setProperty("test.build.dir", folder.getPath());
    Configuration conf = settings(new File(folder, "yarn"));
    try (MiniDFSCluster hdfs = new MiniDFSCluster.Builder(conf, new File(folder, "hdfs")).numDataNodes(1).build()) {
      openFolders(hdfs.getFileSystem());
      conf.set("fs.defaultFS", hdfs.getURI().toString());
      try (MiniMRYarnCluster yarn = new MiniMRYarnCluster("yarn", 2)) {
        yarn.init(conf);
        yarn.start();
        write(yarn.getConfig(), new File(folder, "conf"));
        System.out.println("ready");
        while (System.in.read() != -1) continue;
        yarn.stop();
      }
    }
  }

  private static Configuration settings(File local) {
    Configuration conf = new Configuration();
    conf.set("yarn.nodemanager.vmem-check-enabled", System.getProperty("envpack.vmem", "false"));
    conf.set("yarn.nodemanager.disk-health-checker.max-disk-utilization-per-disk-percentage", "100");
    conf.set("yarn.nodemanager.delete.debug-delay-sec", "600");
    conf.set("yarn.nodemanager.resource.memory-mb", "4096");
    conf.set("yarn.scheduler.minimum-allocation-mb", "256");
    conf.set("yarn.app.mapreduce.am.resource.mb", "768");
    conf.set("mapreduce.map.memory.mb", "768");
    conf.set("mapreduce.reduce.memory.mb", "768");
    conf.set("yarn.app.mapreduce.am.command-opts", "-Xmx384m " + OPENS);
    conf.set("mapreduce.map.java.opts", "-Xmx256m " + OPENS);
    conf.set("mapreduce.reduce.java.opts", "-Xmx256m " + OPENS);
    conf.set("yarn.scheduler.capacity.maximum-am-resource-percent", "1.0");
    return conf;
  }

  /** /tmp is everyone's, as on any cluster; /envs belongs to whoever delivers; /closed and /private do not. */
  private static void openFolders(FileSystem fs) throws Exception {
    for (String open : new String[] {"/tmp", "/user", "/envs", "/tmp/hadoop-yarn/staging"}) {
      fs.mkdirs(new Path(open));
      fs.setPermission(new Path(open), new FsPermission((short) 01777));
    }
    fs.mkdirs(new Path("/closed"));
    fs.setPermission(new Path("/closed"), new FsPermission((short) 0755));
    fs.mkdirs(new Path("/private/envs"));
    fs.setPermission(new Path("/private"), new FsPermission((short) 0773));
    fs.setPermission(new Path("/private/envs"), new FsPermission((short) 0777));
    fs.mkdirs(new Path("/full"));
    fs.setPermission(new Path("/full"), new FsPermission((short) 0777));
    ((org.apache.hadoop.hdfs.DistributedFileSystem) fs).setQuota(new Path("/full"), Long.MAX_VALUE, 1 << 20);
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
