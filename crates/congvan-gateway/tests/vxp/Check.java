import java.io.InputStream;
import java.io.OutputStream;
import java.net.HttpURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.text.SimpleDateFormat;
import java.util.ArrayList;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TimeZone;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * The calls of the SDK with Java's own HTTP and cryptography, from nothing but the description of the
 * interface: that another hand than the gateway's speaks it. Prints one answer a line.
 */
public class Check {
    /** Kept from call to call, in the order in which Java hashes keys. */
    static final Map<String, String> KEYS = new HashMap<>();
    static String endpoint;
    static String secret;

    public static void main(String[] args) throws Exception {
        endpoint = args[0];
        secret = args[2];
        String from = args[3];
        byte[] file = Files.readAllBytes(Path.of(args[4]));
        SimpleDateFormat format = new SimpleDateFormat("ddMMyyyy'T'HHmmss+SSSS");
        format.setTimeZone(TimeZone.getTimeZone("Asia/Ho_Chi_Minh"));
        KEYS.put("systemid", args[1]);
        KEYS.put("timestamp", format.format(new Date()));

        json("registerAgency", "{\"id\":\"1\",\"pid\":\"0\",\"code\":\"" + from + "\",\"name\":\"x\",\"mail\":\"x@y\"}");
        json("getAgenciesList", "");
        StringBuilder hash = new StringBuilder();
        for (byte b : MessageDigest.getInstance("SHA-256").digest(file)) {
            hash.append(String.format("%x", b));
        }
        KEYS.put("servicetype", "eDoc");
        KEYS.put("messagetype", "edoc");
        KEYS.put("hash-file", hash.toString());
        KEYS.put("from", from);
        byte[] body = new byte[file.length + 2];
        System.arraycopy(file, 0, body, 0, file.length);
        body[file.length] = '\r';
        body[file.length + 1] = '\n';
        String sent = call("sendEdoc", "application/octet-stream", body);
        Matcher id = Pattern.compile("\"DocId\":\"([^\"]+)\"").matcher(sent);
        if (!id.find()) {
            return;
        }
        json("getReceivedEdocList", "");
        KEYS.put("docId", id.group(1));
        KEYS.put("filePath", "out");
        json("getEdoc", "{}");
        KEYS.put("status", "done");
        json("updateStatus", "{}");
        json("getSentEdocList", "");
    }

    static String json(String operation, String body) throws Exception {
        return call(operation, "application/json", body.getBytes(StandardCharsets.UTF_8));
    }

    static String call(String operation, String type, byte[] body) throws Exception {
        KEYS.put("Content-Type", type);
        List<String> names = new ArrayList<>();
        List<String> signed = new ArrayList<>();
        HttpURLConnection connection = (HttpURLConnection) new URL(endpoint + "/" + operation).openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.setRequestProperty("Content-Type", type);
        for (Map.Entry<String, String> key : KEYS.entrySet()) {
            names.add(key.getKey());
            signed.add("\"XroadVnpt-" + key.getKey() + "\":\"" + key.getValue() + "\"");
            connection.setRequestProperty("XroadVnpt-" + key.getKey(), key.getValue());
        }
        String message = "{" + String.join(",", signed) + "}";
        Mac mac = Mac.getInstance("HmacSHA256");
        mac.init(new SecretKeySpec(secret.getBytes(StandardCharsets.UTF_8), "HmacSHA256"));
        StringBuilder proof = new StringBuilder();
        for (byte b : mac.doFinal(message.getBytes(StandardCharsets.UTF_8))) {
            proof.append(String.format("%02x", b));
        }
        connection.setRequestProperty("XroadVnpt-sign-header-key", String.join(";", names));
        connection.setRequestProperty("XroadVnpt-sign-header", message);
        connection.setRequestProperty("XroadVnpt-hash-header", proof.toString());
        connection.setRequestProperty("XroadVnpt-version", "3.0.201608");
        if (body.length == 2) {
            connection.setRequestProperty("Expect", "100-continue");
        }
        connection.setFixedLengthStreamingMode(body.length);
        try (OutputStream out = connection.getOutputStream()) {
            out.write(body);
        }
        try (InputStream in = connection.getInputStream()) {
            String answer = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            System.out.println(operation + "\t" + connection.getResponseCode() + "\t" + answer);
            return answer;
        }
    }
}
