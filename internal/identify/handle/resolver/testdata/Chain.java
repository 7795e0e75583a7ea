import java.nio.charset.StandardCharsets;
import java.util.HexFormat;

import net.handle.hdllib.*;

/**
 * Resolves handles with CNRI's client, which knows the sites of the root alone. Arguments: the root's HS_SITE data (hex), then
 * for each handle its name and the data wanted of its first value; "!" and a code when it is to be refused.
 */
public class Chain {
    public static void main(String[] args) throws Exception {
        Configuration configuration = new SimpleConfiguration();
        configuration.setResolutionMethod(Configuration.RM_GLOBAL);
        configuration.setGlobalSites(new SiteInfo[] {Encoder.decodeSiteInfoRecord(HexFormat.of().parseHex(args[0]), 0)});
        HandleResolver resolver = new HandleResolver();
        resolver.setConfiguration(configuration);
        resolver.setTcpTimeout(8000);
        int[][] protocols = {{Interface.SP_HDL_UDP}, {Interface.SP_HDL_TCP}, {Interface.SP_HDL_HTTP}};
        for (int[] protocol : protocols) {
            resolver.setPreferredProtocols(protocol);
            for (int i = 1; i < args.length; i += 2) {
                String what = Interface.protocolName((byte) protocol[0]) + " " + args[i];
                try {
                    ResolutionRequest r = new ResolutionRequest(args[i].getBytes(StandardCharsets.UTF_8), null, null, null);
                    AbstractResponse a = resolver.processRequest(r);
                    String got = a instanceof ResolutionResponse ok ? ok.getHandleValues()[0].getDataAsString() : "!" + a.responseCode;
                    System.out.println((got.equals(args[i + 1]) ? "PASS " : "FAIL ") + what + ": " + got);
                } catch (HandleException e) {
                    String got = "!" + HandleException.getCodeStr(e.getCode());
                    System.out.println((got.equals(args[i + 1]) ? "PASS " : "FAIL ") + what + ": " + got + " " + e.getMessage());
                }
            }
        }
        System.out.println("END");
        System.exit(0);
    }
}
