curl -X PUT "$(echo $UPLOAD_URL)" \
  -H "Content-Type: text/csv" \
  --data-binary @spring-2026.csv
