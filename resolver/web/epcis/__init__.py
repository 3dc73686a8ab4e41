"""The EPCIS 2.0 REST interface (ISO/IEC 19987 §12): capture of events, questions, named questions and their subscribers."""
