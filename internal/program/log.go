package program

import (
	"log/slog"
	"os"

	"tiem/internal/fault"
)

// Log is the settings of a program's log, which goes to standard error.
type Log struct {
	Level  string `name:"log-level"  env:"LOG_LEVEL"  default:"info" help:"debug, info, warn or error."`
	Format string `name:"log-format" env:"LOG_FORMAT" default:"json" help:"json or text."`
}

// Check finds a setting that cannot be; the fault (kind Config) names it.
func (l Log) Check() error {
	if _, err := l.level(); err != nil {
		return fault.New(fault.Config, "setting_invalid", "is not debug, info, warn or error").At("LOG_LEVEL")
	}
	if l.Format != "json" && l.Format != "text" {
		return fault.New(fault.Config, "setting_invalid", "is not json or text").At("LOG_FORMAT")
	}
	return nil
}

func (l Log) level() (level slog.Level, err error) {
	err = level.UnmarshalText([]byte(l.Level))
	return level, err
}

// Quiet is the log of a command that a person reads along: trouble only, unless
// the settings ask for more.
func (l Log) Quiet() Log {
	if l.Level == "info" {
		l.Level = "warn"
	}
	return l
}

// Logger is the log as the settings, which have been checked, have it.
func (l Log) Logger() *slog.Logger {
	level, _ := l.level()
	options := &slog.HandlerOptions{Level: level}
	if l.Format == "text" {
		return slog.New(slog.NewTextHandler(os.Stderr, options))
	}
	return slog.New(slog.NewJSONHandler(os.Stderr, options))
}
