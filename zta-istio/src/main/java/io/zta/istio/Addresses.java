package io.zta.istio;

import java.math.BigInteger;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Optional;
import java.util.regex.Pattern;

/** IP addresses and ranges in CIDR notation, without name resolution. */
final class Addresses {
    // Strict: 999.1.1.1 is no literal to the JDK, which would ask a name server about it.
    private static final Pattern LITERAL =
            Pattern.compile("((25[0-5]|2[0-4][0-9]|1?[0-9]?[0-9])(\\.(?!$)|$)){4}|[0-9a-fA-F:.]*:[0-9a-fA-F:.]*");

    private Addresses() {}

    /** Whether an address is in a range, or equal to an address; empty where either can't be read. */
    static Optional<Boolean> contains(String range, String address) {
        int slash = range.indexOf('/');
        Optional<byte[]> network = bytes(slash < 0 ? range : range.substring(0, slash));
        Optional<byte[]> ip = bytes(address);
        if (network.isEmpty() || ip.isEmpty()) {
            return Optional.empty();
        }
        int bits = network.get().length * 8;
        int length = bits;
        if (slash >= 0) {
            String digits = range.substring(slash + 1);
            if (!digits.matches("[0-9]{1,3}") || Integer.parseInt(digits) > bits) {
                return Optional.empty();
            }
            length = Integer.parseInt(digits);
        }
        if (network.get().length != ip.get().length) {
            return Optional.of(false);
        }
        BigInteger first = new BigInteger(1, network.get()).shiftRight(bits - length);
        return Optional.of(first.equals(new BigInteger(1, ip.get()).shiftRight(bits - length)));
    }

    private static Optional<byte[]> bytes(String literal) {
        if (!LITERAL.matcher(literal).matches()) {
            return Optional.empty();
        }
        try {
            return Optional.of(InetAddress.getByName(literal).getAddress());
        } catch (UnknownHostException e) {
            return Optional.empty();
        }
    }
}
