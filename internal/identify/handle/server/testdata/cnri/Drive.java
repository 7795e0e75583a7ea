import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

import net.handle.hdllib.*;

/**
 * Drives a handle server with CNRI's client and prints a line for each thing tried: "PASS name" or "FAIL name: why".
 * Arguments: the HS_SITE data of the server (hex), a file with the administrator's RSA key (PKCS#8), his secret (hex).
 */
public class Drive {
    static HandleResolver resolver;
    static SiteInfo site;
    static PrivateKey key;
    static byte[] secret;
    static final byte[] ADMIN = text("0.NA/88.1");

    static byte[] text(String s) {
        return s.getBytes(StandardCharsets.UTF_8);
    }

    interface Step {
        void run() throws Exception;
    }

    static void step(String name, Step s) {
        try {
            s.run();
            System.out.println("PASS " + name);
        } catch (Throwable t) {
            System.out.println("FAIL " + name + ": " + t + (t.getCause() == null ? "" : " because " + t.getCause()));
        }
    }

    static AbstractResponse ask(AbstractRequest r, int want) throws Exception {
        AbstractResponse answer = resolver.sendRequestToSite(r, site);
        if (answer.responseCode != want) {
            throw new Exception("code " + answer.responseCode + ", want " + want + ": " + answer);
        }
        return answer;
    }

    static AuthenticationInfo by(String how) {
        return how.equals("key") ? new PublicKeyAuthenticationInfo(ADMIN, 300, key) : new SecretKeyAuthenticationInfo(ADMIN, 301, secret);
    }

    static HandleValue value(int index, String type, String data) {
        HandleValue v = new HandleValue(index, text(type), text(data));
        v.setTTL(86400);
        return v;
    }

    static void same(Object got, Object want) throws Exception {
        if (!want.equals(got)) {
            throw new Exception("got " + got + ", want " + want);
        }
    }

    static HandleValue[] resolve(String name, String[] types, int[] indexes, AuthenticationInfo by) throws Exception {
        byte[][] t = types == null ? null : new byte[types.length][];
        for (int i = 0; types != null && i < types.length; i++) {
            t[i] = text(types[i]);
        }
        ResolutionRequest r = new ResolutionRequest(text(name), t, indexes, by);
        if (by != null) {
            r.ignoreRestrictedValues = false;
        }
        return ((ResolutionResponse) ask(r, AbstractMessage.RC_SUCCESS)).getHandleValues();
    }

    static void resolving(String p) {
        step(p + " resolve", () -> {
            HandleValue[] v = resolve("88.1/pump", null, null, null);
            same(v.length, 3);
            same(v[0].getDataAsString(), "https://example.org/泵");
        });
        step(p + " resolve by index and type", () -> same(resolve("88.1/泵-1", new String[] {"EMAIL"}, new int[] {1}, null).length, 2));
        step(p + " resolve by type prefix", () -> same(resolve("88.1/pump", new String[] {"X."}, null, null).length, 1));
        step(p + " resolve a restricted value with the key", () -> same(resolve("0.NA/88.1", null, new int[] {301}, by("key")).length, 1));
        step(p + " resolve a restricted value with the secret", () -> same(resolve("0.NA/88.1", null, new int[] {301}, by("secret")).length, 1));
        step(p + " nothing there", () -> ask(new ResolutionRequest(text("88.1/none"), null, null, null), AbstractMessage.RC_HANDLE_NOT_FOUND));
        step(p + " no such values", () -> ask(new ResolutionRequest(text("88.1/pump"), null, new int[] {77}, null), AbstractMessage.RC_VALUES_NOT_FOUND));
        step(p + " not served", () -> ask(new ResolutionRequest(text("99.9/x"), null, null, null), AbstractMessage.RC_SERVER_NOT_RESP));
        step(p + " referral", () -> {
            AbstractResponse a = ask(new ResolutionRequest(text("88.2/x"), null, null, null), AbstractMessage.RC_SERVICE_REFERRAL);
            same(Util.decodeString(((ServiceReferralResponse) a).handle), "0.SERV/88.2");
        });
        step(p + " prefix referral", () -> ask(new ResolutionRequest(text("0.NA/88.3.4"), null, null, null), AbstractMessage.RC_PREFIX_REFERRAL));
        step(p + " signed answer", () -> {
            ResolutionRequest r = new ResolutionRequest(text("88.1/pump"), null, null, null);
            r.certify = true;
            AbstractResponse a = ask(r, AbstractMessage.RC_SUCCESS);
            same(a.signature != null && a.signature.length > 0, true);
            same(a.verifyMessage(site.servers[0].getPublicKey()), true);
        });
        step(p + " site information", () -> same(((GetSiteInfoResponse) ask(
                new GenericRequest(Common.BLANK_HANDLE, AbstractMessage.OC_GET_SITE_INFO, null), AbstractMessage.RC_SUCCESS)).siteInfo, site));
        step(p + " large answer", () -> {
            HandleValue[] v = resolve("88.1/large", null, null, null);
            same(v.length, 12);
            same(v[11].getData().length, 200);
        });
    }

    static void changing(String p, String how) {
        String name = "88.1/java-" + p + "-" + how;
        String tag = p + " " + how + " ";
        step(tag + "create", () -> ask(new CreateHandleRequest(text(name), new HandleValue[] {value(1, "URL", "一")}, by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "create again", () -> ask(new CreateHandleRequest(text(name), new HandleValue[] {value(1, "URL", "一")}, by(how)), AbstractMessage.RC_HANDLE_ALREADY_EXISTS));
        step(tag + "add", () -> ask(new AddValueRequest(text(name), value(2, "EMAIL", "a@b"), by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "add again", () -> ask(new AddValueRequest(text(name), value(2, "EMAIL", "a@b"), by(how)), AbstractMessage.RC_VALUE_ALREADY_EXISTS));
        step(tag + "modify", () -> ask(new ModifyValueRequest(text(name), value(2, "EMAIL", "c@d"), by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "read back", () -> same(resolve(name, null, new int[] {2}, null)[0].getDataAsString(), "c@d"));
        step(tag + "remove", () -> ask(new RemoveValueRequest(text(name), 2, by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "gone", () -> ask(new ResolutionRequest(text(name), null, new int[] {2}, null), AbstractMessage.RC_VALUES_NOT_FOUND));
        step(tag + "mint", () -> {
            CreateHandleRequest r = new CreateHandleRequest(text("88.1/"), new HandleValue[] {value(1, "URL", "m")}, by(how));
            r.mintNewSuffix = true;
            byte[] made = ((CreateHandleResponse) ask(r, AbstractMessage.RC_SUCCESS)).handle;
            ask(new DeleteHandleRequest(made, by(how)), AbstractMessage.RC_SUCCESS);
        });
        step(tag + "delete", () -> ask(new DeleteHandleRequest(text(name), by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "deleted", () -> ask(new ResolutionRequest(text(name), null, null, null), AbstractMessage.RC_HANDLE_NOT_FOUND));
        step(tag + "home", () -> ask(new HomeNaRequest(text("0.NA/88.7"), by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "homed", () -> ask(new ResolutionRequest(text("88.7/x"), null, null, null), AbstractMessage.RC_HANDLE_NOT_FOUND));
        step(tag + "unhome", () -> ask(new GenericRequest(text("0.NA/88.7"), AbstractMessage.OC_UNHOME_NA, by(how)), AbstractMessage.RC_SUCCESS));
        step(tag + "unhomed", () -> ask(new ResolutionRequest(text("88.7/x"), null, null, null), AbstractMessage.RC_SERVER_NOT_RESP));
        step(tag + "wrong key", () -> {
            AuthenticationInfo wrong = new SecretKeyAuthenticationInfo(ADMIN, 301, text("wrong"));
            ask(new DeleteHandleRequest(text("88.1/pump"), wrong), AbstractMessage.RC_AUTHENTICATION_FAILED);
        });
    }

    static void listing(String p, String how) {
        step(p + " " + how + " list", () -> {
            List<String> names = new ArrayList<>();
            ListHandlesRequest r = new ListHandlesRequest(text("0.NA/88.1"), by(how));
            resolver.sendRequestToSite(r, site, a -> {
                if (a.responseCode != AbstractMessage.RC_SUCCESS) {
                    throw new HandleException(HandleException.INTERNAL_ERROR, "code " + a.responseCode);
                }
                for (byte[] n : ((ListHandlesResponse) a).handles) {
                    names.add(Util.decodeString(n));
                }
            });
            same(names.size(), 3);
            same(names.contains("88.1/泵-1"), true);
        });
    }

    static void session(String p, String how) {
        String name = "88.1/session-" + p + "-" + how;
        step(p + " " + how + " session", () -> {
            ClientSessionTracker tracker = new ClientSessionTracker(new SessionSetupInfo(by(how)));
            resolver.setSessionTracker(tracker);
            try {
                for (int i = 0; i < 3; i++) {
                    CreateHandleRequest r = new CreateHandleRequest(text(name), new HandleValue[] {value(1, "URL", "s")}, by(how));
                    r.sessionTracker = tracker;
                    ask(r, AbstractMessage.RC_SUCCESS);
                    DeleteHandleRequest d = new DeleteHandleRequest(text(name), by(how));
                    d.sessionTracker = tracker;
                    ask(d, AbstractMessage.RC_SUCCESS);
                }
                same(tracker.getAllSessions().length, 1);
            } finally {
                resolver.setSessionTracker(null);
            }
        });
    }

    public static void main(String[] args) throws Exception {
        site = Encoder.decodeSiteInfoRecord(HexFormat.of().parseHex(args[0]), 0);
        key = KeyFactory.getInstance("RSA").generatePrivate(new PKCS8EncodedKeySpec(Files.readAllBytes(new File(args[1]).toPath())));
        secret = HexFormat.of().parseHex(args[2]);
        resolver = new HandleResolver();
        resolver.setTcpTimeout(8000);
        resolver.setUdpRetryScheme(new int[] {2000});
        int[][] protocols = {{Interface.SP_HDL_UDP}, {Interface.SP_HDL_TCP}, {Interface.SP_HDL_HTTP}};
        String[] names = {"UDP", "TCP", "HTTP"};
        for (int i = 0; i < protocols.length; i++) {
            resolver.setPreferredProtocols(protocols[i]);
            resolving(names[i]);
            for (String how : new String[] {"key", "secret"}) {
                changing(names[i], how);
                if (i > 0) { // the client lists over connections only
                    listing(names[i], how);
                }
                session(names[i], how);
            }
        }
        step("hash over three servers", () -> {
            for (int i = 3; i < args.length; i += 2) {
                same(SiteInfo.determineServerNum(text(args[i]), SiteInfo.HASH_TYPE_BY_ALL, 3), Integer.parseInt(args[i + 1]));
            }
        });
        System.out.println("END");
        System.exit(0);
    }
}
