"""Models of other makes: functions, scikit-learn, ONNX, and services that answer over HTTP."""
