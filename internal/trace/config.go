package trace

import (
	"context"
	"log/slog"
	"net/url"
	"runtime/debug"
	"strings"
	"time"

	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"tiem/internal/fault"
)

// setting is the standard's own name; the exporter reads its other variables
// itself (OTEL_EXPORTER_OTLP_HEADERS, OTEL_TRACES_SAMPLER, …).
const setting = "OTEL_EXPORTER_OTLP_ENDPOINT"

// flushTimeout is how long a program that stops waits for its collector.
const flushTimeout = 3 * time.Second

// Config says where traces go.
type Config struct {
	Endpoint string `name:"otel-exporter-otlp-endpoint" env:"OTEL_EXPORTER_OTLP_ENDPOINT" help:"Collector of OpenTelemetry traces, such as http://127.0.0.1:4318; empty: nothing is exported."`
}

// Check finds a setting that cannot be; the fault (kind Config) names it.
func (c Config) Check() error {
	if c.Endpoint == "" {
		return nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fault.New(fault.Config, "setting_invalid", "is not an http(s) URL, such as http://127.0.0.1:4318").At(setting)
	}
	if u.User != nil { // it would stand in logs
		return fault.New(fault.Config, "setting_invalid", "has a user or a password in it").At(setting).
			Advise("take it out, and set OTEL_EXPORTER_OTLP_HEADERS")
	}
	if u.RawQuery != "" || u.ForceQuery || u.Fragment != "" || strings.HasSuffix(c.Endpoint, "#") { // the path is completed, and it would stand in logs
		return fault.New(fault.Config, "setting_invalid", "has a query or a fragment in it").At(setting).
			Advise("take it out, and set OTEL_EXPORTER_OTLP_HEADERS")
	}
	return nil
}

// Start begins to export this process's spans under the name of service, if an
// endpoint is set; it has been checked. stop sends what is waiting, for at most
// 3 s. That the collector cannot be reached is a warning in the log, and no error.
func (c Config) Start(ctx context.Context, service string, log *slog.Logger, about ...attribute.KeyValue) (stop func(), err error) {
	if c.Endpoint == "" {
		return func() {}, nil
	}
	exporter, err := otlptracehttp.New(ctx, otlptracehttp.WithEndpointURL(strings.TrimSuffix(c.Endpoint, "/")+"/v1/traces"))
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "setting_invalid", "traces cannot be exported").At(setting)
	}
	about = append(about, attribute.String("service.name", service), attribute.String("service.version", version()))
	from, err := resource.New(ctx, resource.WithTelemetrySDK(), resource.WithAttributes(about...), resource.WithFromEnv())
	if err != nil {
		return nil, fault.Wrap(err, fault.Config, "setting_invalid", "is not what OpenTelemetry says").At("OTEL_RESOURCE_ATTRIBUTES")
	}
	otel.SetErrorHandler(otel.ErrorHandlerFunc(func(err error) { log.Warn("traces: some were not exported", "error", err.Error()) }))
	end := Install(sdk.WithBatcher(exporter), sdk.WithResource(from))
	log.InfoContext(ctx, "traces are exported", "endpoint", c.Endpoint)
	return func() {
		flush, cancel := context.WithTimeout(context.WithoutCancel(ctx), flushTimeout)
		defer cancel()
		if err := end(flush); err != nil {
			log.WarnContext(ctx, "traces: some were not exported", "error", err.Error())
		}
	}, nil
}

func version() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		return info.Main.Version
	}
	return ""
}
