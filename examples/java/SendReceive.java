import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.PointerByReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.function.Predicate;
import java.util.regex.Pattern;

/**
 * Two nodes in one program: one sends a document, the other receives it through a durable consumer and accepts it.
 *
 * <pre>make bindings
 * java -cp /usr/share/java/jna.jar -Djna.library.path=target/bindings/c examples/java/SendReceive.java</pre>
 *
 * Real software has a library for JSON; this one gets along without, by looking for "name":"value".
 */
public final class SendReceive {
    /** The C library, as congvan.h declares it. */
    interface Congvan extends Library {
        Congvan LIBRARY = Native.load("congvan_c", Congvan.class, Map.of(Library.OPTION_STRING_ENCODING, "UTF-8"));

        long congvan_start(String options, PointerByReference error);

        Pointer congvan_call(long node, String question);

        void congvan_stop(long node);

        void congvan_free(Pointer answer);
    }

    /** A running node. */
    record Node(long number) implements AutoCloseable {
        static Node start(String options) {
            var error = new PointerByReference();
            long number = Congvan.LIBRARY.congvan_start(options, error);
            if (number == 0) throw new IllegalStateException(taken(error.getValue()));
            return new Node(number);
        }

        /** The answer, whatever it is. */
        String call(String question, Object... values) {
            return taken(Congvan.LIBRARY.congvan_call(number, question.formatted(values)));
        }

        /** The answer; an error is thrown. */
        String ask(String question, Object... values) {
            String answer = call(question, values);
            if (answer.contains("\"reply\":\"error\"")) throw new IllegalStateException(field(answer, "message"));
            return answer;
        }

        /** The next event that is wanted; it and all before it are acknowledged. */
        String waitFor(String consumer, Predicate<String> wanted) {
            while (true) {
                String answer = ask("""
                    {"ask": "events", "consumer": "%s", "limit": 1, "timeout_ms": 60000}""", consumer);
                var number = Pattern.compile("\"event_number\":(\\d+)").matcher(answer);
                if (!number.find()) throw new IllegalStateException("nothing came");
                ask("""
                    {"ask": "acknowledge", "consumer": "%s", "number": %s}""", consumer, number.group(1));
                if (wanted.test(answer)) return answer;
            }
        }

        @Override
        public void close() {
            Congvan.LIBRARY.congvan_stop(number);
        }
    }

    static String taken(Pointer answer) {
        try {
            return answer.getString(0, "UTF-8");
        } finally {
            Congvan.LIBRARY.congvan_free(answer);
        }
    }

    static String field(String answer, String name) {
        var found = Pattern.compile("\"" + name + "\":\"((?:[^\"\\\\]|\\\\.)*)\"").matcher(answer);
        if (!found.find()) throw new IllegalStateException("no " + name + " in " + answer);
        return found.group(1);
    }

    public static void main(String[] words) throws Exception {
        Path dir = words.length > 0 ? Path.of(words[0]) : Files.createTempDirectory("congvan");
        // A network to practise in. A real agency has its directory from `congvan agency create`.
        new Node(0).ask("""
            {"ask": "practice", "dir": "%s/network", "name": "Thái Nguyên", "agencies": [
              {"code": "000.00.00.H55", "name": "UBND tỉnh Thái Nguyên"}, {"code": "000.00.01.H55", "name": "Sở Tài chính"}]}
            """, dir);
        var finance = Node.start("""
            {"dir": "%s/network/agency-000.00.01.H55", "listen": ["/ip4/127.0.0.1/tcp/0"]}""".formatted(dir));
        var state = finance.ask("{\"ask\": \"node\"}");
        var address = Pattern.compile("\"listening\":\\[\"([^\"]+)").matcher(state);
        if (!address.find()) throw new IllegalStateException("it does not listen: " + state);
        try (finance; var province = Node.start("""
            {"dir": "%s/network/agency-000.00.00.H55", "bootstrap": ["%s"]}""".formatted(dir, address.group(1)))) {
            Path report = Files.writeString(dir.resolve("bao-cao.txt"), "Số liệu tháng 11\n");
            var document = """
                {"ask": "send", "document": {"to": ["000.00.01.H55"], "subject": "Báo cáo tháng 11", "number": "12",
                 "notation": "BC-UBND", "attachments": [{"file": "%s"}], "key": "bao-cao-11"}}""".formatted(report);
            String id = field(province.ask(document), "id");
            System.out.println("sent      " + id);
            String again = province.ask(document);
            System.out.println("retried   " + id + ", repeated: " + again.contains("\"repeated\":true"));

            // The other side, in its own software.
            String event = finance.waitFor("register", what -> what.contains("\"event\":\"received\""));
            System.out.printf("received  %s from %s: %s%n", field(event, "id"), field(event, "from"), field(event, "subject"));
            finance.ask("""
                {"ask": "wait_complete", "id": "%s", "timeout_ms": 60000}""", id);
            finance.ask("""
                {"ask": "attachment", "id": "%s", "number": 0, "file": "%s/received.txt"}""", id, dir);
            System.out.print("saved     " + Files.readString(dir.resolve("received.txt")));
            finance.ask("""
                {"ask": "report", "report": {"id": "%s", "status": "03", "note": "Đã tiếp nhận"}}""", id);
            String refused = finance.call("""
                {"ask": "report", "report": {"id": "%s", "status": "13"}}""", id);
            System.out.println("refused   " + field(refused, "message"));

            // Back at the sender.
            event = province.waitFor("follow-up", what -> what.contains("\"status\":\"03\"") && what.contains("\"event\":\"status\""));
            System.out.printf("status    03 %s: %s%n", field(event, "meaning_vi"), field(event, "note"));
        }
        System.out.println("stopped   " + field(finance.call("{\"ask\": \"inbox\", \"limit\": 10}"), "message"));
    }
}
