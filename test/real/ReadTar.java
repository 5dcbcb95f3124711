import java.io.*;
import java.nio.charset.StandardCharsets;
import java.util.zip.GZIPInputStream;

/** Prints the names in a .tar.gz as Java's own inflater sees them: what Hadoop and Spark read archives with. */
class ReadTar {
  public static void main(String[] args) throws IOException {
    try (var in = new DataInputStream(new BufferedInputStream(new GZIPInputStream(new FileInputStream(args[0]), 1 << 16), 1 << 16))) {
      var header = new byte[512];
      for (in.readFully(header); header[0] != 0; in.readFully(header)) {
        String prefix = text(header, 345, 155), name = text(header, 0, 100);
        if (header[156] != 'x') System.out.println(prefix.isEmpty() ? name : prefix + "/" + name);
        in.skipNBytes((Long.parseLong(text(header, 124, 12).trim(), 8) + 511) / 512 * 512);
      }
    }
  }

  static String text(byte[] bytes, int at, int length) {
    return new String(bytes, at, length, StandardCharsets.UTF_8).split("\0", 2)[0];
  }
}
