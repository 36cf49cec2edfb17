cd /tmp/l5b_next && exec /tmp/wt/l5b/.venv/bin/python -c "
import sys; sys.path.insert(0,'/tmp/l5b_next'); sys.meta_path=[f for f in sys.meta_path if '__editable__' not in type(f).__module__]
import bamlet
import pytest; sys.exit(pytest.main(sys.argv[1:]))" "$@"
