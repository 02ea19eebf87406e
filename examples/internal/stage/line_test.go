package stage

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLineIsOne(t *testing.T) {
	err := errors.Join(errors.New("a\x1b[8m\u202e"), errors.New("b\r"))
	require.Equal(t, "a\ufffd[8m\ufffd; b\ufffd", Line(err))
}
