package postgres

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"tiem/internal/fault"
)

// Revisit is Attach for a command that has nothing to do without data: where there
// is none it makes none, but says so (no_data, of kind Config). The mistake behind
// it is mostly a relative directory, or a setting that was not exported.
func (s Source) Revisit(ctx context.Context) (*Database, error) {
	if err := s.requireData(); err != nil {
		return nil, err
	}
	return s.Attach(ctx)
}

func (s Source) requireData() error {
	if s.URL != "" {
		return nil
	}
	entries, err := os.ReadDir(filepath.Join(s.Managed.Dir, "postgres"))
	if len(entries) > 0 || err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil // what else is wrong with it, Attach says
	}
	dir, err := filepath.Abs(s.Managed.Dir)
	if err != nil {
		dir = s.Managed.Dir
	}
	return fault.New(fault.Config, "no_data", "there is no data in %s", dir).At(s.DirSetting).
		Advise("is it set and exported? a relative directory begins where the program is started; %s migrate makes a new database there", s.Program)
}
