package io.zta.verify.it;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Carries bytes to an API server and back, on this machine alone, until it is told to swallow them without a word. */
final class Tunnel implements AutoCloseable {
    /** One connection; what it swallows it never gives back. */
    private static final class Way {
        private final Socket near;
        private final Socket far;
        private volatile boolean silent;

        Way(Socket near, Socket far) {
            this.near = near;
            this.far = far;
        }

        void carry(Socket from, Socket to) {
            byte[] buffer = new byte[16_384];
            try (from;
                    to) {
                InputStream in = from.getInputStream();
                OutputStream out = to.getOutputStream();
                for (int read = in.read(buffer); read >= 0; read = in.read(buffer)) {
                    if (!silent) {
                        out.write(buffer, 0, read);
                        out.flush();
                    }
                }
            } catch (IOException e) {
                // The other side is gone, and so is this.
            }
        }
    }

    private final ServerSocket door = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    private final URI server;
    private final List<Way> ways = new CopyOnWriteArrayList<>();

    Tunnel(String server) throws IOException {
        this.server = URI.create(server);
        start(this::accept);
    }

    private static void start(Runnable task) {
        Thread thread = new Thread(task, "tunnel");
        thread.setDaemon(true);
        thread.start();
    }

    /** Where it begins. */
    String url() {
        return server.getScheme() + "://127.0.0.1:" + door.getLocalPort();
    }

    private void accept() {
        while (true) {
            try {
                Way way = new Way(door.accept(), new Socket(server.getHost(), server.getPort()));
                ways.add(way);
                start(() -> way.carry(way.near, way.far));
                start(() -> way.carry(way.far, way.near));
            } catch (IOException e) {
                return;
            }
        }
    }

    /** Of all connections there are, nothing arrives any more, and none is closed; new ones are as before. */
    int silence() {
        ways.forEach(way -> way.silent = true);
        return ways.size();
    }

    @Override
    public void close() throws IOException {
        door.close();
        for (Way way : ways) {
            way.near.close();
            way.far.close();
        }
    }
}
