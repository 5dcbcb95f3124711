import java.io.File;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileContext;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.yarn.api.records.LocalResource;
import org.apache.hadoop.yarn.api.records.LocalResourceType;
import org.apache.hadoop.yarn.api.records.LocalResourceVisibility;
import org.apache.hadoop.yarn.api.records.URL;
import org.apache.hadoop.yarn.util.FSDownload;

/**
 * YARN's localizer without a cluster: what a NodeManager does with one archive.
 *
 *     java -cp 'jars/*' Localize.java ARCHIVE FOLDER PUBLIC|PRIVATE|APPLICATION
 *
 * Prints the folder that it made inside FOLDER, named like the archive.
 */
public class Localize {
  public static void main(String[] args) throws Exception {
    Configuration conf = new Configuration();
    Path source = new Path(new File(args[0]).getAbsoluteFile().toURI());
    FileStatus status = FileSystem.getLocal(conf).getFileStatus(source);
    LocalResource resource = LocalResource.newInstance(URL.fromPath(status.getPath()), LocalResourceType.ARCHIVE,
        LocalResourceVisibility.valueOf(args[2]), status.getLen(), status.getModificationTime());
    FileContext local = FileContext.getLocalFSFileContext(conf);
    Path folder = new Path(new File(args[1]).getAbsoluteFile().toURI());
    local.mkdir(folder, null, true);
    Path made = new FSDownload(local, null, conf, new Path(folder, "10"), resource).call();
    System.out.println(made.toUri().getPath());
  }
}
