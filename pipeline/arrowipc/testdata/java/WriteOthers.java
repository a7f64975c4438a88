import java.io.ByteArrayOutputStream;
import java.io.FileOutputStream;
import java.nio.channels.Channels;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.arrow.compression.CommonsCompressionFactory;
import org.apache.arrow.memory.RootAllocator;
import org.apache.arrow.vector.*;
import org.apache.arrow.vector.compression.CompressionUtil.CodecType;
import org.apache.arrow.vector.compression.NoCompressionCodec;
import org.apache.arrow.vector.ipc.ArrowStreamWriter;
import org.apache.arrow.vector.ipc.message.IpcOption;

/**
 * Writes java.zip: the table of ../write_others.py as Arrow IPC streams of Arrow's implementation in Java.
 *
 * <pre>mvn -q dependency:copy-dependencies -DoutputDirectory=lib && java --add-opens=java.base/java.nio=ALL-UNNAMED -cp 'lib/*' WriteOthers.java</pre>
 */
public class WriteOthers {
  static final String[] TEXTS = {"a", "", "ccc", "a text that does not fit inline", null, "f", "g"};

  public static void main(String[] args) throws Exception {
    try (var zip = new ZipOutputStream(new FileOutputStream("../java.zip"))) {
      for (var codec : List.of(CodecType.NO_COMPRESSION, CodecType.LZ4_FRAME, CodecType.ZSTD)) {
        var entry = new ZipEntry("java-" + codec.name().toLowerCase());
        entry.setTime(315532800000L); // the same bytes each time
        zip.putNextEntry(entry);
        zip.write(stream(codec));
      }
    }
  }

  static byte[] stream(CodecType codec) throws Exception {
    try (var allocator = new RootAllocator();
        var float64 = new Float8Vector("float64", allocator);
        var nulls = new Float8Vector("nulls", allocator);
        var int32 = new IntVector("int32", allocator);
        var uint8 = new UInt1Vector("uint8", allocator);
        var float32 = new Float4Vector("float32", allocator);
        var bool = new BitVector("bool", allocator);
        var text = new VarCharVector("text", allocator)) {
      List<FieldVector> columns = List.of(float64, nulls, int32, uint8, float32, bool, text);
      columns.forEach(FieldVector::allocateNew);
      for (int i = 0; i < TEXTS.length; i++) {
        float64.setSafe(i, 0.5 * i);
        if (i % 3 != 1) nulls.setSafe(i, i);
        int32.setSafe(i, i - 3);
        uint8.setSafe(i, i);
        float32.setSafe(i, i / 4f);
        bool.setSafe(i, 1 - i % 2);
        if (TEXTS[i] != null) text.setSafe(i, TEXTS[i].getBytes(StandardCharsets.UTF_8));
      }
      columns.forEach(c -> c.setValueCount(TEXTS.length));
      var out = new ByteArrayOutputStream();
      var factory = codec == CodecType.NO_COMPRESSION ? NoCompressionCodec.Factory.INSTANCE : CommonsCompressionFactory.INSTANCE;
      try (var root = new VectorSchemaRoot(columns);
          var writer = new ArrowStreamWriter(root, null, Channels.newChannel(out), IpcOption.DEFAULT, factory, codec, Optional.empty())) {
        writer.start();
        writer.writeBatch();
        writer.end();
      }
      return out.toByteArray();
    }
  }
}
