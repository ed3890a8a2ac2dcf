package io.zta.istio;

import io.zta.snapshot.GroupKind;

/** Kinds of the mesh beside those of authentication and authorization. */
final class Kinds {
    static final GroupKind SIDECAR = networking("Sidecar");
    static final GroupKind ENVOY_FILTER = networking("EnvoyFilter");
    static final GroupKind GATEWAY = networking("Gateway");
    static final GroupKind VIRTUAL_SERVICE = networking("VirtualService");
    static final GroupKind DESTINATION_RULE = networking("DestinationRule");
    static final GroupKind SERVICE_ENTRY = networking("ServiceEntry");
    static final GroupKind PROXY_CONFIG = networking("ProxyConfig");
    static final GroupKind WASM_PLUGIN = new GroupKind("extensions.istio.io", "WasmPlugin");
    static final GroupKind TRAFFIC_EXTENSION = new GroupKind("extensions.istio.io", "TrafficExtension");
    static final GroupKind API_GATEWAY = gatewayApi("Gateway");
    static final GroupKind HTTP_ROUTE = gatewayApi("HTTPRoute");
    static final GroupKind TCP_ROUTE = gatewayApi("TCPRoute");
    static final GroupKind TLS_ROUTE = gatewayApi("TLSRoute");
    static final GroupKind GRPC_ROUTE = gatewayApi("GRPCRoute");
    static final GroupKind ENDPOINTS = new GroupKind("", "Endpoints");
    static final GroupKind ENDPOINT_SLICE = new GroupKind("discovery.k8s.io", "EndpointSlice");

    private Kinds() {}

    private static GroupKind networking(String kind) {
        return new GroupKind("networking.istio.io", kind);
    }

    private static GroupKind gatewayApi(String kind) {
        return new GroupKind("gateway.networking.k8s.io", kind);
    }
}
