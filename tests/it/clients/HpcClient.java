import java.io.ByteArrayInputStream;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Authenticator;
import java.net.HttpURLConnection;
import java.net.PasswordAuthentication;
import java.net.URI;
import java.net.URL;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.security.KeyStore;
import java.security.cert.CertificateFactory;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import javax.xml.parsers.DocumentBuilderFactory;
import org.w3c.dom.Element;
import org.w3c.dom.Node;

/**
 * Jobs and a session of a head node with java.net.http, whose defaults it keeps: an offer of HTTP/2, a first
 * request without credentials, uploads of unknown length in chunks.
 *
 * <p>java HpcClient.java URL [CA-FILE [USER PASSWORD]]
 */
public class HpcClient {
    static final String COMMON = "http://schemas.microsoft.com/HPCS2008R2/common";
    static final String SER = "http://schemas.microsoft.com/2003/10/Serialization/";
    static final String SESSION = "http://hpc.microsoft.com/";
    static final String SOAP = "http://www.w3.org/2003/05/soap-envelope";
    static final String ADDRESSING = "http://www.w3.org/2005/08/addressing";

    static HttpClient client;
    static String base;

    public static void main(String[] args) throws Exception {
        base = args[0] + "/WindowsHPC";
        HttpClient.Builder builder = HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(10));
        if (args.length > 1 && !args[1].isEmpty()) {
            builder.sslContext(trusting(args[1]));
        }
        if (args.length > 3) {
            builder.authenticator(new Authenticator() {
                @Override
                protected PasswordAuthentication getPasswordAuthentication() {
                    return new PasswordAuthentication(args[2], args[3].toCharArray());
                }
            });
        }
        client = builder.build();
        jobs(args.length > 3 ? args[2] : null);
        paging();
        session(args[0]);
        if (args.length == 1) {
            oldStyle();
        }
        System.out.println("java: ok");
    }

    static void jobs(String user) throws Exception {
        String job = scalar(xml("POST", "/Jobs", null), "int");
        Map<String, String> created = properties("/Job/" + job);
        check(created.get("State").equals("Configuring"), "a new job is " + created.get("State"));
        check(user == null || created.get("Owner").equals(user), "the owner is " + created.get("Owner"));
        String task = scalar(xml("POST", "/Job/" + job + "/Tasks", bag("CommandLine", "echo from java")), "int");
        String done = xml("POST", "/Job/" + job + "/Submit", bag("UserName", "HPC\\someone", "Password", "s3cret!"));
        check(done.isEmpty(), "Submit has a body: " + done);
        await(job, "Finished");
        String output = properties("/Job/" + job + "/Task/" + task + "?Properties=Output").get("Output");
        check(output.contains("from java"), "the output is " + output);

        job = scalar(xml("POST", "/Jobs", bag("Name", "endless")), "int");
        xml("POST", "/Job/" + job + "/Tasks", bag("CommandLine", "sleep 60"));
        xml("POST", "/Job/" + job + "/Submit", bag());
        await(job, "Running");
        xml("POST", "/Job/" + job + "/Cancel?Forced=True", "<string xmlns=\"" + SER + "\">enough</string>");
        await(job, "Canceled");
        HttpResponse<String> again = send("POST", base + "/Job/" + job + "/Cancel", null, "application/xml");
        check(again.statusCode() >= 400, "what is canceled was canceled again");
        Element fault = parse(again.body());
        check(fault.getNamespaceURI().equals(COMMON), "another namespace");
        check(fault.getLocalName().equals("HpcWebServiceFault"), again.body());
        check(children(fault).get(0).getTextContent().equals("-2147220984"), again.body());
    }

    static void paging() throws Exception {
        Set<String> made = new HashSet<>();
        for (int number = 0; number < 25; number++) {
            made.add(scalar(xml("POST", "/Jobs", bag("Name", "page " + number)), "int"));
        }
        Set<String> seen = new HashSet<>();
        String query = "?Properties=Id&RowsPerRead=7";
        String next = query;
        while (next != null) {
            HttpResponse<String> reply = send("GET", base + "/Jobs" + next, null, null);
            check(reply.statusCode() == 200, reply.statusCode() + " " + reply.body());
            for (Element row : children(parse(reply.body()))) {
                // The first property of the first member, by position.
                String id = children(children(children(row).get(0)).get(0)).get(1).getTextContent();
                check(seen.add(id), "job " + id + " came twice");
            }
            next = reply.headers().firstValue("x-ms-continuation-queryid").map(id -> query + "&QueryId=" + id).orElse(null);
        }
        check(seen.containsAll(made), "of " + made + " only " + seen);
    }

    static void session(String url) throws Exception {
        String start = "<?xml version=\"1.0\" encoding=\"utf-8\"?><WebSessionStartInfo xmlns=\"" + SESSION + "\">"
                + "<MaxMessageSize>65536</MaxMessageSize><Password>s3cret!</Password><Runtime>600</Runtime>"
                + "<ServiceName>CcpEchoSvc</ServiceName><Username>HPC\\someone</Username></WebSessionStartInfo>";
        // HttpURLConnection and java.net.http alike can hold a body back until the service asks for it.
        HttpRequest create = HttpRequest.newBuilder(URI.create(base + "/Sessions/Create?durable=false"))
                .header("api-version", "2011-11-01")
                .header("Content-Type", "application/xml; charset=utf-8")
                .expectContinue(true)
                .POST(BodyPublishers.ofString(start))
                .build();
        HttpResponse<String> created = client.send(create, BodyHandlers.ofString());
        check(created.statusCode() == 201, created.statusCode() + " " + created.body());
        Map<String, String> info = new LinkedHashMap<>();
        for (Element member : children(parse(created.body()))) {
            check(member.getNamespaceURI().equals(SESSION), member.getNodeName());
            info.put(member.getLocalName(), member.getTextContent());
        }
        String broker = url.substring(0, url.indexOf("//") + 2) + info.get("BrokerNode");
        String session = broker + "/WindowsHPC/session/" + info.get("Id");

        StringBuilder batch = new StringBuilder("<Requests>");
        for (int number = 0; number < 3; number++) {
            batch.append("<s:Envelope xmlns:s=\"").append(SOAP).append("\" xmlns:a=\"").append(ADDRESSING)
                    .append("\"><s:Header><a:Action s:mustUnderstand=\"1\">http://tempuri.org/IEchoSvc/Echo</a:Action>")
                    .append("<a:MessageID>urn:uuid:").append(UUID.randomUUID()).append("</a:MessageID></s:Header><s:Body>")
                    .append("<Echo xmlns=\"http://tempuri.org/\"><input>number ").append(number)
                    .append("</input></Echo></s:Body></s:Envelope>");
        }
        byte[] bytes = batch.append("</Requests>").toString().getBytes(StandardCharsets.UTF_8);
        HttpRequest upload = HttpRequest.newBuilder(URI.create(session + "/batch/java?genericservice=False&commit=False"))
                .header("api-version", "2011-11-01")
                .header("Content-Type", "application/octet-stream")
                // Of unknown length, hence in chunks.
                .POST(BodyPublishers.ofInputStream(() -> new ByteArrayInputStream(bytes)))
                .build();
        check(client.send(upload, BodyHandlers.ofString()).statusCode() == 200, "the upload failed");
        expect(201, send("POST", session + "/batch/java/Commit", null, null));
        String status = "";
        for (int tries = 0; tries < 100 && !status.equals("Finished"); tries++) {
            HttpResponse<String> reply = send("GET", session + "/batch/java/Status", null, null);
            expect(200, reply);
            status = parse(reply.body()).getTextContent();
            Thread.sleep(50);
        }
        check(status.equals("Finished"), "the batch is " + status);
        HttpResponse<String> responses =
                send("POST", session + "/batch/java/Response?genericservice=False&count=-1&reset=False", null, null);
        expect(200, responses);
        List<Element> messages = children(parse(responses.body()));
        check(messages.size() == 4, responses.body());
        Element end = children(children(messages.get(3)).get(1)).get(0);
        check(end.getLocalName().equals("EndOfResponses"), responses.body());
        check(children(end).get(0).getTextContent().equals("3"), responses.body());
        expect(200, send("POST", session + "/batch/java/Purge", null, null));
        expect(200, send("POST", session + "/Close", null, null));
    }

    /** As the samples of 2011 do it: HttpURLConnection with its own Accept, no body, no media type. */
    static void oldStyle() throws Exception {
        HttpURLConnection connection = (HttpURLConnection) new URL(base + "/Jobs").openConnection();
        connection.setRequestMethod("POST");
        connection.setDoOutput(true);
        connection.getOutputStream().close();
        check(connection.getResponseCode() == 200, "POST Jobs: " + connection.getResponseCode());
        try (InputStream body = connection.getInputStream()) {
            scalar(new String(body.readAllBytes(), StandardCharsets.UTF_8), "int");
        }
        connection = (HttpURLConnection) new URL(base + "//Jobs?properties=Id,State").openConnection();
        check(connection.getResponseCode() == 200, "GET Jobs: " + connection.getResponseCode());
        check(connection.getContentType().startsWith("application/xml"), connection.getContentType());
    }

    static void await(String job, String wanted) throws Exception {
        String state = "";
        for (int tries = 0; tries < 100 && !state.equals(wanted); tries++) {
            state = properties("/Job/" + job + "?Properties=Id,State").get("State");
            Thread.sleep(50);
        }
        check(state.equals(wanted), "job " + job + " is " + state + ", not " + wanted);
    }

    static Map<String, String> properties(String path) throws Exception {
        Element root = parse(xml("GET", path, null));
        check(COMMON.equals(root.getNamespaceURI()) && root.getLocalName().equals("ArrayOfProperty"), root.getNodeName());
        Map<String, String> found = new LinkedHashMap<>();
        for (Element property : children(root)) {
            List<Element> members = children(property);
            check(members.get(0).getLocalName().equals("Name") && members.get(1).getLocalName().equals("Value"), "order");
            found.put(members.get(0).getTextContent(), members.get(1).getTextContent());
        }
        return found;
    }

    static String xml(String method, String path, String body) throws Exception {
        HttpResponse<String> reply = send(method, base + path, body, body == null ? null : "application/xml; charset=utf-8");
        expect(200, reply);
        return reply.body();
    }

    static HttpResponse<String> send(String method, String url, String body, String type) throws Exception {
        HttpRequest.Builder request = HttpRequest.newBuilder(URI.create(url))
                .timeout(Duration.ofSeconds(30))
                .header("api-version", "2011-11-01")
                .method(method, body == null ? BodyPublishers.noBody() : BodyPublishers.ofString(body));
        if (type != null) {
            request.header("Content-Type", type);
        }
        return client.send(request.build(), BodyHandlers.ofString());
    }

    static String bag(String... pairs) {
        StringBuilder out = new StringBuilder("<ArrayOfProperty xmlns=\"" + COMMON + "\">");
        for (int at = 0; at < pairs.length; at += 2) {
            out.append("<Property><Name>").append(pairs[at]).append("</Name><Value>").append(pairs[at + 1])
                    .append("</Value></Property>");
        }
        return out.append("</ArrayOfProperty>").toString();
    }

    static String scalar(String text, String kind) throws Exception {
        Element root = parse(text);
        check(SER.equals(root.getNamespaceURI()) && root.getLocalName().equals(kind), text);
        return root.getTextContent();
    }

    static Element parse(String text) throws Exception {
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        factory.setNamespaceAware(true);
        factory.setFeature("http://apache.org/xml/features/disallow-doctype-decl", true);
        return factory.newDocumentBuilder()
                .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
                .getDocumentElement();
    }

    static List<Element> children(Element parent) {
        List<Element> found = new ArrayList<>();
        for (Node node = parent.getFirstChild(); node != null; node = node.getNextSibling()) {
            if (node instanceof Element element) {
                found.add(element);
            }
        }
        return found;
    }

    static void expect(int status, HttpResponse<String> reply) {
        check(reply.statusCode() == status,
                reply.request().method() + " " + reply.uri() + ": " + reply.statusCode() + " " + reply.body());
    }

    static void check(boolean good, String otherwise) {
        if (!good) {
            throw new IllegalStateException(otherwise);
        }
    }

    static SSLContext trusting(String file) throws Exception {
        KeyStore store = KeyStore.getInstance(KeyStore.getDefaultType());
        store.load(null, null);
        try (InputStream input = new FileInputStream(file)) {
            store.setCertificateEntry("ca", CertificateFactory.getInstance("X.509").generateCertificate(input));
        } catch (IOException why) {
            throw new IllegalStateException(file, why);
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(store);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, trust.getTrustManagers(), null);
        return context;
    }
}
